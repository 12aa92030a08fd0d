"""`make demo`: the whole pipeline on this machine, from the API to the analysts' queries, step by step."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.readme import ROOT, owner_queries
from tests.sandbox import Options, Sandbox
from tests.sandbox.esd import correct_a_day

SHOWN_ROWS = 6
ABSENCES = """\
SELECT attendance_date, COUNT(*) AS total_records,
    SUM(CASE WHEN attendance_status IN ('A', 'Absent') THEN 1 ELSE 0 END) AS absences
FROM public.period_attendance GROUP BY attendance_date ORDER BY attendance_date DESC"""


def main() -> int:
    """Play the demo; the exit status is 0 when every step went well."""
    title("Starting the sandbox: an ESD API, S3 and Secrets Manager (moto), a Redshift stand-in")
    with Sandbox(Options(schools=3, records=2000)) as sandbox:
        Demo(sandbox).play()
    title("Where to go next")
    print("  make sandbox     leaves all of this running; it prints where the settings are")
    print("  make test        runs every check")
    print("  README.md        settings, what this changes in S3 and Redshift, scheduling, troubleshooting")
    return 0


class Demo:
    """The steps, against a running sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._environment = sandbox.process_environment()

    def play(self) -> None:
        """Set up, load, let a day of corrections pass, load again, and show what changed."""
        title("1. Setting up the tables, once")
        self._setup()
        title("2. Fetching: every school, page by page, into S3")
        self._script("esd_period_attendance_fetcher.py")
        title("3. Loading: new partitions are registered, changed ones merged")
        self._script("redshift_loader.py")
        title("4. What the analysts ask")
        for query in owner_queries():
            self._show(query)
        before = self._rows(ABSENCES)
        title("5. A day passes: teachers correct attendance")
        done = correct_a_day(self._sandbox.source)
        print(
            f"  at {done.schools} schools: {done.corrected} corrected, {done.added} new, {done.moved} moved"
        )
        title("6. Fetching again: only what changed is written")
        self._script("esd_period_attendance_fetcher.py")
        title("7. Loading again: only what changed is read")
        self._script("redshift_loader.py")
        title("8. What changed in the table")
        show_difference(before, self._rows(ABSENCES))

    def _setup(self) -> None:
        file = "redshift_period_attendance_setup.sql"
        print(f"  $ psql -h … -p … -U dba02 -d db02 -f {file}")
        self._psql("--quiet", "-f", file)
        print("  done; running it again changes nothing")

    def _script(self, name: str) -> None:
        print(f"  $ python {name}", flush=True)
        done = subprocess.run(
            [sys.executable, name],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        for key, value in told.items():
            print(f"    {key:20} {value}")
        if done.returncode:
            sys.exit(f"{name} ended with status {done.returncode}")

    def _show(self, query: str) -> None:
        print("\n" + indented(query))
        answer = self._psql("-P", "footer=off", "-c", query).splitlines()
        print(indented("\n".join(answer[: SHOWN_ROWS + 2])))
        if len(answer) > SHOWN_ROWS + 2:
            print(f"    … and {len(answer) - SHOWN_ROWS - 2} rows more")

    def _rows(self, query: str) -> dict[str, list[str]]:
        answer = self._psql("-A", "-t", "-F", ",", "-c", query)
        return {line.split(",")[0]: line.split(",")[1:] for line in answer.splitlines()}

    def _psql(self, *arguments: str) -> str:
        command = [self._environment["PSQL"], "-X", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"psql ended with status {done.returncode}: {done.stderr}")
        return done.stdout.rstrip()


def title(text: str) -> None:
    """Say which step begins."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def indented(text: str) -> str:
    """Set a block apart from the story."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def show_difference(before: dict[str, list[str]], after: dict[str, list[str]]) -> None:
    """Print the dates whose counts differ, newest first."""
    changed = [day for day in after if before.get(day) != after[day]]
    print(f"  {'date':12} {'records':>16} {'absences':>16}")
    for day in changed[:SHOWN_ROWS]:
        old, new = before.get(day, ["0", "0"]), after[day]
        cells = [f"{was} -> {now}" if was != now else now for was, now in zip(old, new, strict=True)]
        print(f"  {day:12} {cells[0]:>16} {cells[1]:>16}")
    if len(changed) > SHOWN_ROWS:
        print(f"  … and {len(changed) - SHOWN_ROWS} dates more")


if __name__ == "__main__":
    sys.exit(main())
