"""Start-up and exit: the result line, the exit status, the log, and what a signal does."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

import esd_period_attendance_fetcher
import redshift_loader
from attendance_common import __version__, command, env_file, errors
from attendance_common import log as logs
from attendance_common.config import AwsSettings
from attendance_common.log import event, log

MARK = "Zqx7Marker"  # stands for a student's data or a secret


@pytest.fixture(autouse=True)
def _own_process_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """An empty directory, no settings, and the log and the signals put back as they were."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(env_file, "SCRIPTS_FOLDER", tmp_path)
    for name in ("S3_BUCKET", "S3_PREFIX", "AWS_REGION", "LOG_FORMAT", "ESD_API_URL", "REDSHIFT_PORT"):
        monkeypatch.delenv(name, raising=False)
    root, own = logging.getLogger(), logging.getLogger("attendance")
    before = root.handlers[:], root.level, own.level
    signals = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    root.handlers[:], root.level, own.level = before
    for number, handler in signals.items():
        signal.signal(number, handler)


class Ran:
    """A command that ran: its status, its result line and its story."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status = status
        self.out, self.err = out, err
        self.result: dict[str, Any] = json.loads(out.splitlines()[-1])


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run a piece of work as a command."""

    def run_work(work: Callable[[command.Context], command.Outcome], *argv: str) -> Ran:
        flags = command.parser("About.", AwsSettings, {})
        status = command.run(flags, AwsSettings, lambda _, context: work(context), argv)
        return Ran(status, *capsys.readouterr())

    return run_work


def failing(error: BaseException) -> Callable[[command.Context], command.Outcome]:
    def work(_: command.Context) -> command.Outcome:
        raise error

    return work


def test_all_done(run: Run) -> None:
    ran = run(lambda _: command.Outcome({"rows": 7}))
    assert ran.status == 0
    assert ran.result.pop("seconds") >= 0
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", ran.result.pop("run"))
    assert ran.result == {"status": 0, "rows": 7, "attention": []}
    assert len(ran.out.splitlines()) == 1


def test_a_person_is_needed(run: Run) -> None:
    ran = run(lambda _: command.Outcome({}, ["school 5 was not read: the count fell"]))
    assert ran.status == ran.result["status"] == 3
    assert ran.result["attention"] == ["school 5 was not read: the count fell"]
    assert "school 5 was not read" in ran.err


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.ConfigurationError(["what is wrong: the cure"]), 2),
        (errors.SourceError("what is wrong: the cure"), 1),
        (errors.SourceError("the cure", what="what is wrong"), 1),
        (errors.AwsError("what is wrong: the cure"), 1),
        (errors.AwsError("what is wrong: the cure", to_mend=True), 2),
        (errors.WarehouseError("what is wrong: the cure"), 1),
        (errors.WarehouseError("what is wrong: the cure", to_mend=True), 2),
        (errors.Terminated("what is wrong: the cure"), 1),
    ],
    ids=repr,
)
def test_a_failure_is_a_sentence(run: Run, error: BaseException, status: int) -> None:
    ran = run(failing(error))
    assert ran.status == ran.result["status"] == status
    assert ran.result["error"].startswith("what is wrong: the cure")
    assert f"{ran.result['error']}\n" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("argv", [[], ["--verbose"]], ids=["plain", "verbose"])
def test_the_unexpected_tells_its_place_and_nothing_of_the_data(run: Run, argv: Sequence[str]) -> None:
    ran = run(failing(KeyError(MARK)), *argv)
    assert ran.status == 1
    assert "KeyError in work, line" in ran.result["error"]
    assert "running again is safe" in ran.err
    assert ("traceback" in ran.err) == bool(argv)
    assert MARK not in ran.out + ran.err


@pytest.mark.parametrize("argv", [[], ["--verbose"]], ids=["plain", "verbose"])
def test_what_a_failure_came_from_is_not_reported(run: Run, argv: Sequence[str]) -> None:
    error = errors.WarehouseError("Redshift refused")
    error.__cause__ = ValueError(MARK)
    ran = run(failing(error), *argv)
    assert MARK not in ran.out + ran.err


@pytest.mark.parametrize("argv", [["--no-such-flag"], ["--buck", "x"], ["extra"]], ids=" ".join)
def test_wrong_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.run(command.parser("About.", AwsSettings, {}), AwsSettings, failing(AssertionError()), argv)  # type: ignore[arg-type]
    assert stopped.value.code == 2
    said = capsys.readouterr()
    assert "usage:" in said.err
    result = json.loads(said.out)
    assert (result["status"], result["seconds"]) == (2, 0.0)
    assert argv[0] in result["error"]


@pytest.mark.parametrize(
    ("main", "variables"),
    [
        (esd_period_attendance_fetcher.main, {"S3_PREFIX": "flat", "ESD_API_URL": None}),
        (redshift_loader.main, {"S3_PREFIX": "flat", "REDSHIFT_PORT": "none"}),
    ],
    ids=["fetcher", "loader"],
)
def test_wrong_configuration_of_either_script(
    main: Callable[[list[str]], int],
    variables: dict[str, str | None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    assert main([]) == 2
    ran = Ran(2, *capsys.readouterr())
    assert ran.result["status"] == 2
    assert all(name in ran.result["error"] and name in ran.err for name in variables)
    assert "Traceback" not in ran.err


TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
ZONE = "s3://edna-prod/raw_esd/incoming/periodAttendance/operational/landing/unnested_period_attendance/"


def test_the_first_line_says_what_runs_and_the_last_what_came_of_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AWS_REGION=us-east-1\n")
    counts = {"run": "R", "pages": 2, "landed": 7, "quarantined": 0, "dates": {"a": 1}}
    ran = run(lambda _: command.Outcome(counts, ["look"]), "--region", "us-west-2", "--verbose")
    first, *_, last = ran.err.splitlines()
    name = re.escape(f"{__version__}, run ")
    matched = re.fullmatch(rf"{TIME} INFO    \S+ {name}(\S+), flags: (.*), \.env: (\S+), (\S+)", first)
    assert matched
    assert matched[1].startswith("20")
    assert matched.groups()[1:] == ("--region us-west-2 --verbose", str(tmp_path / ".env"), ZONE)
    assert re.fullmatch(
        rf"{TIME} INFO    ended with status 3 in {ran.result['seconds']} s: pages 2, landed 7", last
    )


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.AwsError("no"), 1),
        (errors.AwsError("no", to_mend=True), 2),
        (KeyError(MARK), 1),
        (errors.Terminated("stopped"), 1),
    ],
    ids=repr,
)
def test_the_last_line_of_a_run_that_failed(run: Run, error: BaseException, status: int) -> None:
    ran = run(failing(error))
    assert ran.err.splitlines()[-1].endswith(f"ended with status {status} in {ran.result['seconds']} s")


def test_wrong_settings_have_a_first_and_a_last_line_in_the_format_asked_for(run: Run) -> None:
    ran = run(failing(AssertionError()), "--prefix", "flat", "--log-format", "json")
    begin, failed, end = lines(ran)
    assert begin["message"].endswith(
        ", flags: --prefix flat --log-format json, .env: none, settings are wrong"
    )
    assert (failed["event"], failed["level"]) == ("failed", "ERROR")
    assert (end["event"], end["counts"]["status"]) == ("end", 2)


@pytest.mark.parametrize("main", [esd_period_attendance_fetcher.main, redshift_loader.main])
def test_the_version(main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.split()[1:] == [__version__]


def test_dry_run_is_reported(run: Run) -> None:
    seen: list[bool] = []

    def work(context: command.Context) -> command.Outcome:
        seen.append(context.dry_run)
        return command.Outcome()

    run(work)
    run(work, "--dry-run")
    assert seen == [False, True]


def lines(ran: Ran) -> list[dict[str, Any]]:
    """The JSON lines of the log."""
    return [json.loads(line) for line in ran.err.splitlines() if line.startswith("{")]


def speaking(_: command.Context) -> command.Outcome:
    log.info("read %d schools", 2)
    log.debug("more")
    logging.getLogger("urllib3").debug(MARK)
    logging.getLogger("botocore").info(MARK)
    print("from somewhere", file=sys.stderr)
    return command.Outcome()


def test_the_story_in_plain_lines(run: Run) -> None:
    ran = run(speaking)
    assert "INFO    read 2 schools" in ran.err
    assert "more" not in ran.err


def test_verbose_says_more_but_never_what_libraries_say(run: Run) -> None:
    ran = run(speaking, "--verbose")
    assert "more" in ran.err
    assert MARK not in ran.err


def test_the_story_as_json(run: Run) -> None:
    ran = run(speaking, "--log-format", "json")
    begin, message, end = lines(ran)
    assert message.pop("time")
    assert message == {"level": "INFO", "message": "read 2 schools", "run": ran.result["run"]}
    assert [line["event"] for line in (begin, end)] == ["begin", "end"]


def test_the_fields_of_a_json_line(run: Run) -> None:
    def work(_: command.Context) -> command.Outcome:
        log.info("school %d: read", 5, extra=event("school_read", school=5, counts={"landed": 7}))
        log.info("nothing more", extra=event("odd"))
        return command.Outcome({"landed": 7}, ["school 5: look at it"])

    ran = run(work, "--log-format", "json")
    begin, read, odd, attention, end = lines(ran)
    assert {line["run"] for line in (begin, read, odd, attention, end)} == {ran.result["run"]}
    assert all(re.fullmatch(TIME, line["time"]) for line in (begin, read, odd, attention, end))
    assert (read["event"], read["school"], read["counts"]) == ("school_read", 5, {"landed": 7})
    assert odd.keys() == {"time", "level", "run", "event", "message"}
    assert (attention["event"], attention["level"]) == ("attention", "WARNING")
    assert end["counts"] == {"landed": 7, "status": 3, "seconds": ran.result["seconds"]}


def test_a_terminal_shows_utc_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "200")
    logs.console.cache_clear()
    logs.start("text", "R", verbose=False)
    log.info("read %d schools", 2)
    logs.console.cache_clear()
    assert re.match(rf"\[?{TIME}\]? INFO +read 2 schools", terminal.getvalue())


def test_times_are_utc_wherever_the_machine_is(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_769_915_045.5)
    monkeypatch.setattr(time, "time_ns", lambda: 1_769_915_045_500_000_000)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        ran = run(speaking)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert ran.err.splitlines()[1].startswith("2026-02-01T03:04:05Z INFO")


# --- signals ------------------------------------------------------------------------------------------------

signals = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


@signals
def test_a_signal_ends_the_run(run: Run, number: signal.Signals) -> None:
    done: list[str] = []

    def work(_: command.Context) -> command.Outcome:
        os.kill(os.getpid(), number)
        done.append("went on")
        return command.Outcome()

    ran = run(work)
    assert ran.status == 1
    assert number.name in ran.result["error"]
    assert not done


@signals
def test_a_signal_that_another_thread_got_ends_a_call_that_waits(run: Run, number: signal.Signals) -> None:
    def work(_: command.Context) -> command.Outcome:
        waits_for_ever: SimpleQueue[None] = SimpleQueue()
        threading.Timer(0.2, lambda: signal.pthread_kill(threading.get_ident(), number)).start()
        waits_for_ever.get(timeout=60)
        return command.Outcome()

    ran = run(work)
    assert ran.status == 1
    assert number.name in ran.result["error"]


@signals
def test_a_signal_waits_for_what_must_end_whole(run: Run, number: signal.Signals) -> None:
    done: list[str] = []

    def work(context: command.Context) -> command.Outcome:
        with context.termination.deferred():
            os.kill(os.getpid(), number)
            done.append("the block")
        done.append("went on")
        return command.Outcome()

    assert run(work).status == 1
    assert done == ["the block"]


@pytest.mark.parametrize("failure", [None, errors.AwsError("denied"), ValueError(MARK)])
def test_a_signal_in_the_last_moment(
    run: Run, monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    ignore = command.Termination.ignore

    def late(termination: command.Termination) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        ignore(termination)

    def work(_: command.Context) -> command.Outcome:
        if failure:
            raise failure
        return command.Outcome()

    monkeypatch.setattr(command.Termination, "ignore", late)
    ran = run(work)
    assert (ran.status, ran.result["status"]) == (1, 1)
    assert "SIGTERM" in ran.result["error"]
    assert MARK not in ran.out + ran.err


def test_without_a_signal_a_deferred_block_changes_nothing(run: Run) -> None:
    def work(context: command.Context) -> command.Outcome:
        with context.termination.deferred():
            pass
        return command.Outcome({"done": 1})

    assert run(work).result["done"] == 1


def test_a_failure_inside_a_deferred_block_is_reported_as_it_is(run: Run) -> None:
    def work(context: command.Context) -> command.Outcome:
        with context.termination.deferred():
            raise errors.AwsError("access denied: the cure")

    assert run(work).result["error"] == "access denied: the cure"
