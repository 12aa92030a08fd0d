"""The API's token, shared by all threads."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

FIRST_PATIENCE = 1.0  # seconds


class Token:
    """The token of all threads: renewed before it ends, and when the API refuses it.

    A token can be refused because not all of the API's servers know it yet, or because another process of the
    same client asked for one. So one that follows a token without success is kept for a second though it is
    refused, and each further one twice as long: few tokens are asked for, however many threads are refused.
    """

    def __init__(self, ask: Callable[[], tuple[str, float]]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._value = ""
        self._given_at = -math.inf
        self._renew_at = -math.inf
        self._accepted = True
        self._patience = 0.0  # seconds for which it is kept though it is refused

    def current(self, refused: str | None = None) -> str:
        """The token to use now; `refused` is one that the API answered with 401."""
        with self._lock:
            now = time.monotonic()
            is_refused = self._value == refused and now >= self._given_at + self._patience
            if is_refused or now >= self._renew_at:
                self._renew(now)
            return self._value

    @property
    def seconds_left(self) -> float:
        """Until it is renewed."""
        return self._renew_at - time.monotonic()

    def accepted(self, token: str) -> None:
        """Note that the API accepted a token."""
        with self._lock:
            self._accepted = self._accepted or token == self._value

    def _renew(self, now: float) -> None:
        succeeded = self._accepted and now - self._given_at >= FIRST_PATIENCE
        self._value, life = self._ask()
        self._given_at = time.monotonic()
        self._renew_at = self._given_at + 0.9 * life
        self._patience = 0.0 if succeeded else max(FIRST_PATIENCE, 2 * self._patience)
        self._accepted = False
