"""`make demo`: the whole pipeline on this machine, from the API to the analysts' queries, and a bad day.

It ends with the proof that the table equals the source; its exit status is 0 only then.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from tests.documents import ROOT, owner_queries
from tests.model import native_row
from tests.pipeline import FETCHER, LOADER, PATIENCE, SETUP, Pipeline, paused_at
from tests.sandbox import Options, Sandbox
from tests.sandbox.esd import correct_a_day
from tests.sandbox.esd.records import Record

SHOWN_ROWS = 6
PAGE = ROOT / ".sandbox" / "status.html"
DAYS_AHEAD = 4  # of the data's end: the two school days that pass in the demo do not reach beyond today
MERGES = "INSERT INTO public.period_attendance ("  # the loader's statement at which it is killed


def main() -> int:
    """Play the demo; the exit status is 0 when every step went as it should."""
    title("Starting the sandbox: an ESD API, S3 and Secrets Manager (moto), a Redshift stand-in")
    until = datetime.now(timezone.utc) - timedelta(days=DAYS_AHEAD)
    with Sandbox(Options(schools=3, records=2000, until=until)) as sandbox:
        demo = Demo(sandbox)
        demo.play_a_good_day()
        demo.play_a_bad_day()
        demo.prove()
        demo.draw()
    title("Where to go next")
    print("  make sandbox         leaves all of this running; it prints where the settings are")
    print("  make test            runs every check")
    print("  README.md            a real run, step by step")
    print("  docs/operations.md   settings, rights, what a run changes, schedules, troubleshooting")
    return 0


class Shell:
    """What is typed and read in the demo: scripts, queries, psql."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._steps = 0

    def step(self, text: str) -> None:
        """Say which step begins."""
        self._steps += 1
        title(f"{self._steps}. {text}")

    def run(self, name: str, status: int = 0) -> None:
        """Run a script, its log on stderr as it comes; the demo ends when its status is another."""
        print(f"  $ python {name}", flush=True)
        done = subprocess.run(
            [sys.executable, name],
            cwd=ROOT,
            env=self._pipeline.sandbox.process_environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        print(f"  status {done.returncode}")
        for sentence in result.get("attention", []):
            print(textwrap.fill(sentence, 110, initial_indent="  ! ", subsequent_indent="    "))
        if done.returncode != status:
            sys.exit(f"{name} ended with status {done.returncode}, and {status} was due")

    def show(self, query: str) -> None:
        """Print a query and the first rows of its answer."""
        print("\n" + indented(query))
        answer = self.psql("-P", "footer=off", "-c", query).splitlines()
        print(indented("\n".join(answer[: SHOWN_ROWS + 2])))
        if len(answer) > SHOWN_ROWS + 2:
            print(f"    … and {len(answer) - SHOWN_ROWS - 2} rows more")

    def absences(self) -> list[list[str]]:
        """The analysts' query: date, records, students, absences; newest date first."""
        [query] = [query for query in owner_queries() if "absences" in query]
        return self.sql(query)

    def rows(self) -> int:
        """How many rows the table has."""
        [[rows]] = self.sql("SELECT COUNT(*) FROM public.period_attendance")
        return int(rows)

    def sql(self, text: str) -> list[list[str]]:
        """The answer of psql, line by line."""
        answer = self.psql("--quiet", "-A", "-t", "-F", ",", "-c", text)
        return [line.split(",") for line in answer.splitlines()]

    def psql(self, *arguments: str) -> str:
        """What psql prints; the demo ends when it fails."""
        done = self._pipeline.psql(*arguments)
        if done.returncode:
            sys.exit(f"psql ended with status {done.returncode}: {done.stderr}")
        return done.stdout.rstrip()


class Demo:
    """The steps, against a running sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._source = sandbox.source
        self._pipeline = Pipeline(sandbox)
        self._shell = Shell(self._pipeline)

    # --- a good day ---------------------------------------------------------------------------------------

    def play_a_good_day(self) -> None:
        """Set up, load, let a day of corrections pass, load again, and show what changed."""
        self._shell.step("Setting up the tables, once")
        self._setup()
        self._shell.step("Fetching: every school, page by page, into S3")
        self._shell.run(FETCHER)
        self._shell.step("Loading: new partitions are registered, changed lists merged")
        self._shell.run(LOADER)
        self._shell.step("What the analysts ask")
        for query in owner_queries():
            self._shell.show(query)
        before = self._shell.absences()
        self._shell.step("A day passes: teachers correct attendance")
        self._correct()
        self._shell.step("Fetching again: only what changed is written")
        self._shell.run(FETCHER)
        self._shell.step("Loading again: only what changed is read")
        self._shell.run(LOADER)
        self._shell.step("What changed in the table, by the analysts' query")
        show_difference(before, self._shell.absences())

    def _setup(self) -> None:
        print(f"  $ psql -h … -p … -U dba02 -d db02 -f {SETUP}")
        self._shell.psql("--quiet", "-f", SETUP)
        print("  done; running it again changes nothing")

    def _correct(self) -> None:
        done = correct_a_day(self._source)
        print(
            f"  at {done.schools} schools: {done.corrected} corrected, {done.added} new, {done.moved} moved"
        )

    # --- a bad day ----------------------------------------------------------------------------------------

    def play_a_bad_day(self) -> None:
        """Let what can go wrong go wrong; every run after it says what a person should do, or mends it."""
        dark, odd, *_ = [school["id"] for school in self._source.schools]
        lost = self._source.records(dark)
        broken = self._source.records(odd)[0]
        self._shell.step(
            "A bad day: corrections, a school that lists nothing, a record with an impossible date"
        )
        self._correct()
        self._source.set_records(dark, [])
        self._source.put(odd, [broken | {"date": "02-30-2026"}])
        print(f"  school {dark} lists nothing, a record of school {odd} is of 02-30-2026")
        self._shell.step("And the fetcher is killed when its first school is landed")
        self._kill_fetcher()
        self._shell.step(
            "Fetching again: it says what a person should do, and the dark school keeps its records"
        )
        self._shell.run(FETCHER, status=3)
        self._shell.step(
            "Somebody damages the table, and the loader is killed in the middle of its transaction"
        )
        self._damage()
        self._kill_loader()
        self._shell.step("Loading again: the table is mended")
        self._shell.run(LOADER, status=3)
        self._shell.step("The next day all is well again at the source")
        self._source.set_records(dark, lost)
        self._source.put(odd, [broken])
        self._shell.run(FETCHER)
        self._shell.run(LOADER)

    def _kill_fetcher(self) -> None:
        print(f"  $ python {FETCHER}")
        fetcher = self._pipeline.start(FETCHER)
        fetcher.until("records on")
        fetcher.send(signal.SIGKILL)
        killed = fetcher.end()
        print(f"  killed; its last words: {killed.story.splitlines()[-1]}")

    def _kill_loader(self) -> None:
        print(f"  $ python {LOADER}")
        before = self._shell.rows()
        with paused_at(self._pipeline, MERGES) as (reached, _):
            loader = self._pipeline.start(LOADER)
            if not reached.wait(PATIENCE):
                sys.exit("the loader had nothing to merge")
            loader.send(signal.SIGKILL)
            loader.end()
        print(f"  killed while it merged; the table has {self._shell.rows()} rows, before {before}")

    def _damage(self) -> None:
        days = [day for day, *_ in self._shell.absences()]
        deleted, doubled = days[3], days[5]
        table = "public.period_attendance"
        rows = self._shell.rows()
        self._shell.sql(f"DELETE FROM {table} WHERE attendance_date = '{deleted}'")
        remaining = self._shell.rows()
        self._shell.sql(f"INSERT INTO {table} SELECT * FROM {table} WHERE attendance_date = '{doubled}'")
        twice = self._shell.rows() - remaining
        print(f"  {rows - remaining} rows of {deleted} are deleted, {twice} of {doubled} stand twice")

    # --- the proof ----------------------------------------------------------------------------------------

    def prove(self) -> None:
        """Compare each row of the table with its record at the source, column by column."""
        self._shell.step("The proof: the table beside the source, worked out without the scripts' code")
        source = dict(self._expected())
        rows = self._pipeline.table()
        absent = sum(row["attendance_status"] == "Absent" for row in source.values())
        print(f"  the source has {len(source)} records, {absent} of them with the status 'Absent'")
        wrong = [key for key in source.keys() | rows.keys() if source.get(key) != rows.get(key)]
        columns = len(next(iter(source.values())))
        if wrong:
            sys.exit(f"  the table differs in {len(wrong)} rows")
        print(f"  the table has {len(rows)} rows, no id twice, and all {columns} columns of each are equal")

    def draw(self) -> None:
        """Write the status page, which says what a person would see in the morning."""
        self._shell.step("A page to look at: gaps, schools, changes, checks, runs")
        PAGE.parent.mkdir(exist_ok=True)
        done = self._pipeline.load("--status-page", str(PAGE))
        if done.status not in (0, 3):
            sys.exit(f"the status page was not written: {done.story}")
        print(f"  {PAGE}")

    def _expected(self) -> Iterator[tuple[int, Record]]:
        for school in self._source.schools:
            for record in self._source.records(school["id"]):
                yield record["id"], native_row(school["id"], record)


def title(text: str) -> None:
    """Say which step begins."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def indented(text: str) -> str:
    """Set a block apart from the story."""
    return "\n".join(f"    {line}" for line in text.splitlines())


def show_difference(before: list[list[str]], after: list[list[str]]) -> None:
    """Print the dates whose counts differ, newest first."""
    known = {day: counts for day, *counts in before}
    changed = [(day, known.get(day, ["0"] * 3), counts) for day, *counts in after if known.get(day) != counts]
    print("  " + "".join(f"{name:>16}" for name in ("date", "records", "students", "absences")))
    for day, old, new in changed[:SHOWN_ROWS]:
        cells = [f"{was} -> {now}" if was != now else now for was, now in zip(old, new, strict=True)]
        print("  " + "".join(f"{cell:>16}" for cell in (day, *cells)))
    if len(changed) > SHOWN_ROWS:
        print(f"  … and {len(changed) - SHOWN_ROWS} dates more")


if __name__ == "__main__":
    sys.exit(main())
