"""The script and the crontab of docs/schedules, in cron's environment; scripts and mail are stand-ins."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from esd_period_attendance_fetcher import flags
from tests.documents import ROOT

SCHEDULES = ROOT / "docs" / "schedules"
PATIENCE = 60
FETCHER, LOADER = "esd_period_attendance_fetcher.py", "redshift_loader.py"
SUBJECT = f"attendance on {platform.node()}: "

# `python -c` is the real one. A script notes its flags, waits while `held` is there, and ends as planned.
PYTHON = f"""\
#!/bin/sh
[ "$1" = -c ] && exec {sys.executable} "$@"
echo "$@" >>calls
while [ -e held ] && [ "$1" = {FETCHER} ]; do sleep 0.05; done
echo "the story of $1" >&2
[ -e "$1.result" ] && cat "$1.result"
exit "$(cat "$1.status")"
"""
MAIL = """\
#!/bin/sh
[ -e broken ] && exit 1
{ printf '%s\\n' "$@"; cat; } >mailed
ls /proc/$$/fd >descriptors
"""


@dataclass
class Machine:
    """A directory for /opt/esd and one for /var/log/esd, and what cron would start there."""

    home: Path
    logs: Path
    programs: Path
    variables: dict[str, str] = field(default_factory=lambda: {"MAILTO": "team@district.example"})

    @property
    def environment(self) -> dict[str, str]:
        """Cron's (crontab(5)), and `mail` before what the machine has."""
        path = f"{self.programs}:/usr/bin:/bin"
        bare = {"HOME": str(self.home), "LOGNAME": "esd", "PATH": path, "SHELL": "/bin/sh"}
        return {**bare, **self.variables}

    def plan(self, script: str, status: int, *sentences: str) -> None:
        """Let a script end so, with its result line."""
        what = {"attention": sentences} if status in (0, 3) else {"error": " ".join(sentences)}
        (self.home / f"{script}.result").write_text(json.dumps({"status": status, **what}) + "\n")
        (self.home / f"{script}.status").write_text(str(status))

    def run(self, command: str = "/opt/esd/run.sh") -> subprocess.CompletedProcess[str]:
        """Start the command of a line of the crontab as cron does."""
        return subprocess.run(
            ["/bin/sh", "-c", self.local(command)],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def local(self, text: str) -> str:
        """The text with this machine's directories."""
        return text.replace("/opt/esd", str(self.home)).replace("/var/log/esd", str(self.logs))

    @property
    def calls(self) -> list[str]:
        """How the scripts were called."""
        return (self.home / "calls").read_text().splitlines()

    @property
    def mail(self) -> str | None:
        """The flags of `mail`, a line each, and the text; None when nothing was mailed."""
        mailed = self.home / "mailed"
        return mailed.read_text() if mailed.exists() else None


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "esd", tmp_path / "logs", tmp_path / "programs")
    made.logs.mkdir()
    for path, text in (
        (made.home / ".venv/bin/python", PYTHON),
        (made.programs / "mail", MAIL),
        (made.home / "run.sh", made.local((SCHEDULES / "run.sh").read_text())),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (made.home / "attendance_common").symlink_to(ROOT / "attendance_common")
    made.plan(FETCHER, 0)
    made.plan(LOADER, 0)
    return made


@pytest.mark.parametrize(
    ("fetched", "loaded", "status"), [(0, 0, 0), (3, 0, 3), (0, 3, 3), (3, 3, 3), (3, 1, 1), (0, 2, 2)]
)
def test_the_loader_follows_a_fetch_that_ended(
    machine: Machine, fetched: int, loaded: int, status: int
) -> None:
    machine.plan(FETCHER, fetched, "a sentence of the fetcher")
    machine.plan(LOADER, loaded, "a sentence of the loader")
    done = machine.run("/opt/esd/run.sh --days 3")
    assert machine.calls == [f"{FETCHER} --days 3", LOADER]
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")
    assert (machine.mail is None) == (status == 0)


@pytest.mark.parametrize("fetched", [1, 2, 137])
def test_nothing_is_loaded_after_a_fetch_that_failed(machine: Machine, fetched: int) -> None:
    machine.plan(FETCHER, fetched, "ESD is down")
    assert machine.run().returncode == fetched
    assert machine.calls == [FETCHER]
    assert machine.mail == (
        f"-s\n{SUBJECT}status {fetched}\nteam@district.example\n"
        f"fetch: status {fetched}, log: {machine.logs}/fetch.log\n- ESD is down\n"
    )


def test_the_mail_has_the_sentences_of_both_scripts(machine: Machine) -> None:
    machine.plan(FETCHER, 3, "school 5 was not read: 'quotes', \"both\", $HOME, 100 % and é", "a second one")
    machine.plan(LOADER, 1, "the cluster is down")
    machine.run()
    assert machine.mail == (
        f"-s\n{SUBJECT}status 1\nteam@district.example\n"
        f"fetch: status 3, log: {machine.logs}/fetch.log\n"
        "- school 5 was not read: 'quotes', \"both\", $HOME, 100 % and é\n- a second one\n"
        f"load: status 1, log: {machine.logs}/load.log\n- the cluster is down\n"
    )


def test_a_script_that_was_killed_is_named(machine: Machine) -> None:
    machine.plan(LOADER, 137)
    (machine.home / f"{LOADER}.result").unlink()
    assert machine.run().returncode == 137
    assert str(machine.mail).endswith(
        f"load: status 137, log: {machine.logs}/load.log\n- it left no result line\n"
    )


def test_what_cannot_be_mailed_is_printed_and_cron_mails_that(machine: Machine) -> None:
    machine.plan(LOADER, 3, "a sentence of the loader")
    (machine.home / "broken").touch()
    said = machine.run().stdout
    assert said.startswith(f"{SUBJECT}status 3\n")
    assert "- a sentence of the loader\n" in said
    del machine.variables["MAILTO"]
    (machine.home / "broken").unlink()
    assert machine.run().stdout == said
    assert machine.mail is None


def test_logs_and_result_lines_of_all_runs_are_kept(machine: Machine) -> None:
    machine.run()
    machine.plan(LOADER, 3, "a sentence")
    machine.run()
    assert (machine.logs / "fetch.log").read_text() == f"the story of {FETCHER}\n" * 2
    results = (machine.logs / "load.jsonl").read_text().splitlines()
    assert [json.loads(line)["status"] for line in results] == [0, 3]


def test_nothing_runs_where_the_lock_cannot_be_made(machine: Machine) -> None:
    machine.logs.rmdir()
    done = machine.run()
    assert done.returncode != 0
    assert str(machine.logs) in done.stderr  # cron mails it
    assert not (machine.home / "calls").exists()


def test_a_mail_program_does_not_keep_the_lock(machine: Machine) -> None:
    machine.plan(LOADER, 3, "a sentence")
    machine.run()
    assert "9" not in (machine.home / "descriptors").read_text().split()


def test_a_run_is_left_out_while_another_is_under_way_or_waits_for_it(machine: Machine) -> None:
    blocker = machine.home / "held"
    blocker.touch()
    script = machine.home / "run.sh"
    with subprocess.Popen([script], env=machine.environment, start_new_session=True) as first:
        try:
            while not (machine.home / "calls").exists():
                assert first.poll() is None
            assert machine.run("/opt/esd/run.sh --days 3").returncode == 1
            assert machine.mail == (
                f"-s\n{SUBJECT}left out\nteam@district.example\nAnother run is under way.\n"
            )
            waiting = subprocess.Popen([script, "--school", "1"], env={**machine.environment, "WAIT": "50"})
        finally:
            os.killpg(first.pid, 9)
            blocker.unlink()
    assert waiting.wait(PATIENCE) == 0
    assert machine.calls == [FETCHER, f"{FETCHER} --school 1", LOADER]


def test_a_wait_that_is_no_number_is_named(machine: Machine) -> None:
    machine.variables["WAIT"] = "2h"
    assert machine.run().returncode == 2
    subject, cause = f"-s\n{SUBJECT}not started\nteam@district.example\n", "'2h'"
    assert str(machine.mail).startswith(f"{subject}flock ended with status 64: flock: ")
    assert cause in str(machine.mail)
    assert "Another run" not in str(machine.mail)
    assert not (machine.home / "calls").exists()


def test_a_machine_without_flock_is_named(machine: Machine) -> None:
    for program in ("uname", "cat", "ls"):
        (machine.programs / program).symlink_to(f"/usr/bin/{program}")
    machine.variables["PATH"] = str(machine.programs)
    assert machine.run().returncode == 2
    assert "flock ended with status 127: " in str(machine.mail)
    assert "not found" in str(machine.mail)
    assert not (machine.home / "calls").exists()


# --- the crontab --------------------------------------------------------------------------------------------

LINES = (SCHEDULES / "crontab").read_text().splitlines()
# A line that is switched off begins with # and a digit.
SCHEDULED = [line.lstrip("#") for line in LINES if re.match(r"#?\d", line)]
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))  # crontab(5)


def moments(given: str, lowest: int, highest: int) -> set[int]:
    """What a field of a crontab stands for; ValueError for what cron would not take."""
    found: set[int] = set()
    for part in given.split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{lowest}-{highest}" if span == "*" else span).partition("-")
        low, high = int(first), int(last or first)
        if not lowest <= low <= high <= highest:
            raise ValueError(part)
        found |= set(range(low, high + 1, int(step or 1)))
    return found


def test_the_crontab_has_comments_one_variable_and_schedules_alone() -> None:
    others = [line for line in LINES if line and not line.startswith("#") and not line[0].isdigit()]
    assert others == ["MAILTO=data-team@district.example"]
    # crontab(5): cron does not take a last line that has no end.
    assert (SCHEDULES / "crontab").read_text().endswith("\n")


@pytest.mark.parametrize("line", SCHEDULED)
def test_a_line_of_the_crontab_is_one_that_cron_takes(line: str) -> None:
    *when, command = line.split(maxsplit=5)
    assert all(moments(each, *bounds) for each, bounds in zip(when, RANGES, strict=True))
    assert "%" not in command  # cron makes line ends of them


def test_each_line_of_the_crontab_calls_the_script_with_flags_of_the_fetcher(machine: Machine) -> None:
    for line in SCHEDULED:
        assert machine.run(line.split(maxsplit=5)[5]).returncode == 0
    fetches = [call.removeprefix(FETCHER) for call in machine.calls if call.startswith(FETCHER)]
    assert fetches == ["", " --days 3", " --modified-hours 6", " --modified-hours 2", " --days 1"]
    assert all(flags().parse_args(each.split()) for each in fetches)


def test_at_most_one_kind_of_hourly_run_is_switched_on() -> None:
    on = [line.partition("/opt/esd/run.sh")[2].split() for line in LINES if line[:1].isdigit()]
    assert on == [[], ["--days", "3"]]
