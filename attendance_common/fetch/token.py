"""The token of the API: shared by all threads, renewed when it ends or is refused."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

FIRST_PATIENCE = 1.0  # seconds for which a refused new token is kept


class Token:
    """The token of all threads: renewed before it ends, and when the API refuses it.

    When the API refuses a new token, perhaps not all of its servers know the token yet. So after a token that
    was never accepted, the next one is kept for a second even if it is refused, and each further one twice as
    long. Thus few tokens are asked for, however many threads are refused. A refused token that was accepted
    before has ended.
    """

    def __init__(self, ask: Callable[[], tuple[str, float]]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._value = ""
        self._given_at = -math.inf
        self._renew_at = -math.inf
        self._accepted = True
        self._patience = 0.0  # seconds for which the token is kept even if it is refused

    def current(self, refused: str | None = None) -> str:
        """The token to use now. `refused`: a token that the API has just answered with 401."""
        with self._lock:
            now = time.monotonic()
            has_ended = self._accepted or now >= self._given_at + self._patience
            if (self._value == refused and has_ended) or now >= self._renew_at:
                self._renew()
            return self._value

    @property
    def seconds_left(self) -> float:
        """The seconds until the token is renewed."""
        return self._renew_at - time.monotonic()

    def accepted(self, token: str) -> None:
        """Record that the API accepted a token."""
        with self._lock:
            self._accepted = self._accepted or token == self._value

    def ended_early(self, token: str) -> bool:
        """Whether a refused token is less than a second old and was accepted before."""
        with self._lock:
            is_new = time.monotonic() < self._given_at + FIRST_PATIENCE
            return token == self._value and self._accepted and is_new

    def _renew(self) -> None:
        self._patience = 0.0 if self._accepted else max(FIRST_PATIENCE, 2 * self._patience)
        self._value, life = self._ask()
        self._given_at = time.monotonic()
        self._renew_at = self._given_at + 0.9 * life
        self._accepted = False
