"""The README's script for cron, run as it stands there, with stand-ins for the two scripts."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from esd_period_attendance_fetcher import flags
from tests.readme import blocks, section

PATIENCE = 60
STAND_IN = """\
#!/bin/sh
echo "$@" >>calls
case $1 in esd*) [ -e held ] && sleep 1000; exit ${FETCHED:-0} ;; *) exit ${LOADED:-0} ;; esac
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """run.sh in a directory of its own, where `python` only notes how it was called."""
    [text] = blocks("Scheduling", "sh")
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN)
    made = tmp_path / "run.sh"
    made.write_text(text.replace("/opt/esd", str(tmp_path)))
    python.chmod(0o755)
    made.chmod(0o755)
    return made


def run(script: Path, *flags: str, **variables: str) -> tuple[int, str, list[str]]:
    """The script's status, what it printed, and how it called the two scripts."""
    done = subprocess.run(
        [script, *flags],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, (script.parent / "calls").read_text().splitlines()


@pytest.mark.parametrize(
    ("fetched", "loaded", "status", "told"),
    [
        ("0", "0", 0, ""),
        ("3", "0", 3, "a person is needed"),
        ("0", "3", 3, "a person is needed"),
        ("3", "1", 1, "a person is needed"),
        ("0", "2", 2, "a person is needed"),
    ],
)
def test_the_loader_follows_a_fetch_that_ended(
    script: Path, fetched: str, loaded: str, status: int, told: str
) -> None:
    ended, printed, calls = run(script, "--days", "3", FETCHED=fetched, LOADED=loaded)
    assert calls == ["esd_period_attendance_fetcher.py --days 3", "redshift_loader.py"]
    assert (ended, told in printed, bool(printed)) == (status, True, bool(told))


@pytest.mark.parametrize("fetched", ["1", "2"])
def test_nothing_is_loaded_after_a_fetch_that_failed(script: Path, fetched: str) -> None:
    ended, printed, calls = run(script, FETCHED=fetched)
    assert (ended, printed) == (int(fetched), "fetching failed: see fetch.log\n")
    assert calls == ["esd_period_attendance_fetcher.py"]


def test_a_run_is_left_out_while_another_is_under_way_or_waits_for_it(script: Path) -> None:
    held = script.parent / "held"
    held.touch()
    with subprocess.Popen([script], start_new_session=True) as first:
        try:
            while not (script.parent / "calls").exists():
                assert first.poll() is None
            assert run(script, "--days", "3")[:2] == (1, "left out: another run is under way\n")
            held.unlink()
            waiting = subprocess.Popen([script, "--school", "1"], env={**os.environ, "WAIT": "50"})
        finally:
            os.killpg(first.pid, 9)
    assert waiting.wait(PATIENCE) == 0
    assert (script.parent / "calls").read_text().splitlines() == [
        "esd_period_attendance_fetcher.py",
        "esd_period_attendance_fetcher.py --school 1",
        "redshift_loader.py",
    ]


def test_each_line_of_a_crontab_calls_the_script_with_flags_of_the_fetcher() -> None:
    lines = [line for line in section("Scheduling").splitlines() if line[:1].isdigit()]
    called = [line.partition("/opt/esd/run.sh")[2].split() for line in lines]
    assert called == [["--days", "3"], [], ["--modified-hours", "6"], ["--modified-hours", "2"], []]
    assert all(flags().parse_args(each) for each in called)
