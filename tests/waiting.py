"""Scripts that run at once, and one that waits in the midst of its work."""

from __future__ import annotations

import signal

from tests.pipeline import FETCHER, PATIENCE, Finished, Running
from tests.sandbox.aws_front import AwsFront, Pause, Refusal
from tests.world import World


def all_end_well(*running: Running) -> list[Finished]:
    done = [each.end() for each in running]
    for each in done:
        assert each.status == 0, each.story
        assert "Traceback" not in each.story
    return done


class Waiting:
    """A fetcher that waits where it writes to a key that has this in it, for the school."""

    def __init__(self, world: World, school: int, at: str, *flags: str) -> None:
        self._writing = Pause("PutObject", at, f"school_{school}.")
        self._front = AwsFront(world.pipeline.sandbox.aws_endpoint, self._writing).__enter__()
        self._running = world.pipeline.start(FETCHER, *flags, AWS_ENDPOINT_URL=self._front.endpoint)
        assert self._writing.reached.wait(PATIENCE)

    def kill(self) -> None:
        """Let it die there; what it was about to write is lost."""
        self._writing.refusal = Refusal(503, "SlowDown")
        self._running.send(signal.SIGKILL)
        self._writing.go_on.set()
        self._front.__exit__(None, None, None)

    def end(self) -> Finished:
        """Let it go on to its end, which is a good one."""
        self._writing.go_on.set()
        [done] = all_end_well(self._running)
        self._front.__exit__(None, None, None)
        return done
