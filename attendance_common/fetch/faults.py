"""The error for a fault of the source that may pass: the request is tried again."""

from __future__ import annotations


class TemporaryFault(Exception):
    """A request failed, and may succeed when it is tried again.

    `pause`: seconds that the source asked to wait. `slow`: the source is overloaded, so the pace is lowered.
    `quota`: this client exceeded its rate limit. `cure`: what a person can do when no try succeeds.
    """

    def __init__(
        self,
        reason: str,
        pause: float | None = None,
        *,
        slow: bool = False,
        quota: bool = False,
        cure: str = "",
    ) -> None:
        super().__init__(reason)
        self.pause = pause
        self.slow = slow
        self.quota = quota
        self.cure = cure


class NoAnswerInTime(TemporaryFault):
    """The server did not send a whole answer within the timeout of the request."""
