"""Scripts that run at once, and one that waits in the midst of its work."""

from __future__ import annotations

import signal
from threading import Event

from tests.aws_gate import AwsGate, Call, Refusal
from tests.pipeline import FETCHER, PATIENCE, Finished, Running
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
        self._there, self._go_on = Event(), Event()
        self._lost: Refusal | None = None
        self._at = (at, f"school_{school}.")
        self._gate = AwsGate(world.pipeline.sandbox.aws_endpoint, self._hold).__enter__()
        self._running = world.pipeline.start(FETCHER, *flags, AWS_ENDPOINT_URL=self._gate.endpoint)
        assert self._there.wait(PATIENCE)

    def _hold(self, call: Call) -> Refusal | None:
        if call.action == "PutObject" and all(part in call.key for part in self._at):
            self._there.set()
            self._go_on.wait(PATIENCE)
        return self._lost

    def kill(self) -> None:
        """Let it die there; what it was about to write is lost."""
        self._lost = Refusal(503, "SlowDown")
        self._running.send(signal.SIGKILL)
        self._go_on.set()
        self._gate.__exit__(None, None, None)

    def end(self) -> Finished:
        """Let it go on to its end, which is a good one."""
        self._go_on.set()
        [done] = all_end_well(self._running)
        self._gate.__exit__(None, None, None)
        return done
