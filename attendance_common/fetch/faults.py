"""A fault of the source that may pass, so that the request is worth another try."""

from __future__ import annotations


class TemporaryFault(Exception):
    """A request failed, and may succeed when it is tried again.

    `pause`: what the source asked for, in seconds; `slow`: the source has too much to do; `quota`: this
    client asked more often than it may; `cure`: what to do when no try succeeds.
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
