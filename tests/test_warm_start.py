"""Scripts that are started warm: they see, say and end as with an interpreter of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline import Running
from tests.warm_start import READ_AT_START, WarmStart, suits

pytestmark = pytest.mark.sandbox

SCRIPT = """
import os, sys
import beside
print("out", beside.WORD, sys.argv, __name__, __file__, os.getcwd(), os.environ["ONE"], sys.stdin.read())
print("err", file=sys.stderr)
exec(sys.argv[1])
"""
ENDS = {
    "pass": 0,
    "sys.exit(3)": 3,
    "sys.exit('a reason')": 1,
    "raise ValueError('at the end')": 1,
    "import threading; threading.Thread(target=print, args=['late']).start()": 0,
    "import atexit; atexit.register(print, 'last')": 0,
    "import signal; os.kill(os.getpid(), signal.SIGTERM)": -signal.SIGTERM,
    "import signal; os.kill(os.getpid(), signal.SIGINT)": -signal.SIGINT,
}
ENVIRONMENT = {name: value for name, value in os.environ.items() if name.startswith(READ_AT_START)}
ENVIRONMENT |= {"PATH": os.environ["PATH"], "ONE": "1"}


@pytest.fixture(scope="module", autouse=True)
def signals_as_in_a_shell() -> Iterator[None]:
    """What starts the tests may ignore these two, and every process below it inherits that."""
    inherited = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGTERM: signal.signal(signal.SIGTERM, signal.SIG_DFL),
    }
    yield
    for number, handler in inherited.items():
        signal.signal(number, handler)


@pytest.fixture(scope="module")
def warm(signals_as_in_a_shell: None) -> WarmStart:
    return WarmStart()


@pytest.fixture
def script(tmp_path: Path) -> str:
    (tmp_path / "beside.py").write_text("WORD = 'beside'")
    (tmp_path / "script.py").write_text(SCRIPT)
    return "script.py"


@pytest.mark.parametrize("end", ENDS)
def test_a_warm_script_says_and_gives_what_a_cold_one_does(
    warm: WarmStart, tmp_path: Path, script: str, end: str
) -> None:
    command = [sys.executable, str(tmp_path / script), end]
    cold = subprocess.run(
        command,
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    process = warm.start([script, end], ENVIRONMENT, tmp_path)
    output, story = process.stdout.read(), process.stderr.read()
    assert (process.wait(), output) == (cold.returncode, cold.stdout)
    assert (story.splitlines()[0], story.splitlines()[-1]) == ("err", cold.stderr.splitlines()[-1])
    assert process.wait() == ENDS[end]


@pytest.fixture
def waiting(warm: WarmStart, tmp_path: Path, script: str) -> Iterator[Running]:
    process = warm.start([script, "import time; time.sleep(60)"], ENVIRONMENT, tmp_path)
    yield Running(process)
    process.kill()


def test_a_signal_reaches_a_warm_script(waiting: Running) -> None:
    waiting.until("err")
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.process.wait(0.1)
    waiting.send(signal.SIGKILL)
    assert waiting.process.wait(10) == -signal.SIGKILL
    waiting.send(signal.SIGTERM)  # is nobody's any more


@pytest.mark.parametrize(
    ("name", "starts_warm"), [("ESD_SCHOOL_YEAR_ID", True), ("PYTHONUTF8", False), ("TZ", False)]
)
def test_what_an_interpreter_reads_at_its_start_needs_a_cold_one(name: str, starts_warm: bool) -> None:
    assert suits({**os.environ, name: "1"}) is starts_warm
