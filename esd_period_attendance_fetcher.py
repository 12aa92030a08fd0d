"""Fetch every school's period attendance from the ESD API and land it in S3 as Parquet.

Input: pages of nested JSON from the ESD REST API. Output: one Parquet object for each school and date below
S3_PREFIX, a quarantine of records that cannot be landed, a record of the run, and one JSON line on stdout.
Exit status: 0 all done; 1 failed, and may pass: try again; 2 a setting, secret, right or bucket is missing or
wrong; 3 finished, and a person should read `attention` (such as a page that could not be read, a school that
lists no record, removals that were stopped, new records in quarantine).
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attendance_common import aws, command, landing
from attendance_common.arguments import date, school_id
from attendance_common.conditions import Judged
from attendance_common.config import FetcherSettings
from attendance_common.errors import AttendanceError, SourceError, Terminated
from attendance_common.fetch import attention, sums
from attendance_common.fetch.api import SECRET_KEYS, EsdApi
from attendance_common.fetch.arguments import (
    AddRemovals,
    Shard,
    days_ago,
    hours_ago,
    not_together,
    school_and_count,
    shard,
)
from attendance_common.fetch.schools import list_schools
from attendance_common.history import History
from attendance_common.log import event, log
from attendance_common.numerals import counted
from attendance_common.run_record import SOME, RunRecords

if TYPE_CHECKING:  # polars and boto3 are slow to import: functions import them, so that --help is quick
    from mypy_boto3_s3 import S3Client

    from attendance_common.fetch.landing_zone import LandingZone
    from attendance_common.fetch.proof import Removals
    from attendance_common.fetch.quarantine import Quarantine
    from attendance_common.fetch.reading import Reading
    from attendance_common.fetch.school import School
    from attendance_common.fetch.school_list import SchoolList
    from attendance_common.fetch.school_lists import SchoolLists

CONNECTIONS = 18  # to S3: one for each of the 16 lists that are written at a time, and two more


class Run:
    """The state of one fetch: its settings, its schools, the places that it writes to, and its history."""

    def __init__(self, settings: FetcherSettings, context: command.Context) -> None:
        from attendance_common.fetch.landing_zone import LandingZone
        from attendance_common.fetch.quarantine import Quarantine

        s3: S3Client = aws.s3_client(settings, CONNECTIONS)
        areas = landing.Areas(settings.bucket, settings.prefix)
        encryption = aws.encryption(settings)
        dry_run = context.dry_run
        self.settings, self.context = settings, context
        self.now = dt.datetime.now(dt.timezone.utc)
        self.zone: LandingZone = LandingZone(s3, areas, encryption, context.run, dry_run=dry_run)
        self.quarantine: Quarantine = Quarantine(s3, areas, encryption, dry_run=dry_run)
        self.records = RunRecords(s3, areas, "fetch", encryption, dry_run=dry_run)
        self.history = History(s3, areas, "fetch", self.now, settings.school_year_id)
        self.schools: dict[int, School] = {}

    @property
    def flags(self) -> argparse.Namespace:
        """The flags of the command line."""
        return self.context.flags

    @property
    def year(self) -> int | None:
        """The school year that is asked for; None: the API then gives the records of today."""
        return self.settings.school_year_id

    def numbers(self) -> dict[int, dict[str, Any]]:
        """The counts of each school so far."""
        return {school: about.numbers() for school, about in self.schools.items()}

    def about(self) -> dict[str, Any]:
        """The fields of the run record that do not depend on its end; `part`: which schools it reads."""
        return {
            "run": self.context.run,
            "began": self.now.isoformat(timespec="seconds"),
            "scope": self.scope,
            "part": SOME if self.flags.school else self.flags.shard.name,
            "school_year": self.year,
            "landing_zone": self.zone.landed.place,
        }

    @property
    def scope(self) -> str:
        """Which part of the schools' lists this run reads."""
        if self.flags.replay_quarantine:
            return "replay"
        if self.year is None:
            return "today"
        return "recent" if self.flags.since else "whole"


def fetch(settings: FetcherSettings, context: command.Context) -> command.Outcome:
    """Do what the flags say, and return the outcome. A run that fails writes a record, too."""
    if faults := not_together(context.flags):
        raise AttendanceError("; ".join(faults), to_mend=True)
    if context.flags.check:
        from attendance_common.fetch.check import check

        return check(settings, context.flags.report)
    gc.freeze()  # imported modules stay in memory: the collector need not check them each time
    run = Run(settings, context)
    context.termination.listen()  # the import of polars replaced the handler of Ctrl-C
    if context.flags.quarantine:
        return list_quarantine(run.quarantine)
    replayed = {"read": 0, "landed": 0, "quarantined": 0}
    try:
        return replay(run, replayed) if context.flags.replay_quarantine else fetch_schools(run)
    except (Exception, Terminated) as error:
        context.termination.ignore()
        numbers = run.numbers()
        done = replayed if context.flags.replay_quarantine else {**sums.counts(numbers), "by_school": numbers}
        run.records.write_failed({**run.about(), **done}, error)
        raise


# --- schools → readings → lists → objects → result --------------------------------------------------------


def fetch_schools(run: Run) -> command.Outcome:
    """Read the schools, land their records, remove records that are proved gone, and return the outcome."""
    secret = aws.read_secret(run.settings, run.settings.secret_id, "ESD_SECRET_ID", SECRET_KEYS)
    api = EsdApi(run.settings, secret)
    gc.collect()  # frees the client that read the secret
    gc.set_threshold(50_000)  # pages make many tuples, and few cycles: the default of 700 is slow
    listed = list_schools(api, run.settings)
    schools, unlisted = chosen(list(listed.asked_as), run.flags)
    zone_was_empty = not run.zone.landed.landed_schools()
    counts = {"schools": len(schools)}
    log.info(counted(len(schools), "school", "schools"), extra=event("schools_listed", counts=counts))
    try:
        read_schools(run, api, schools, listed.asked_as)
    except Terminated as stopped:
        unread = sum(school.tally.read.pages == 0 for school in run.schools.values())
        unread += len(schools) - len(run.schools)
        raise Terminated(f"{stopped}: {unread} of {len(schools)} schools") from stopped
    doubts = [*(another_landing_zone(run) if zone_was_empty else []), *unlisted, *remove(run)]
    return conclude(run, listed, doubts, unread=len(schools) - len(run.schools))


def another_landing_zone(run: Run) -> list[str]:
    """A sentence when the last run landed elsewhere; call it when no list was landed here before this run."""
    last = run.history.last_landing()
    if last is None or last[0] == run.zone.landed.place:
        return []
    return [attention.another_landing_zone(run.zone.landed.place, *last)]


def chosen(listed: Sequence[int], flags: argparse.Namespace) -> tuple[list[int], list[str]]:
    """The schools to read, and a sentence for each school that a flag names and ESD does not list.

    A school that --allow-removals names is read although it is not listed: it may have been closed.
    """
    asked = [*listed, *(school for school in flags.allow_removals if school not in listed)]
    if not flags.school:
        return [school for school in asked if flags.shard.has(school)], []
    unlisted = [school for school in dict.fromkeys(flags.school) if school not in asked]
    doubts = [f"school {school} is not listed, and was not read: check --school" for school in unlisted]
    return [school for school in asked if school in flags.school], doubts


def read_schools(run: Run, api: EsdApi, schools: Sequence[int], asked_as: Mapping[int, str]) -> None:
    """Read the schools. Each one is landed while the next ones are read.

    `asked_as`: a school -> its id as the API writes it. Raises SourceError when the API client is not allowed
    to read any of them.
    """
    from attendance_common.fetch.judge import SHORT
    from attendance_common.fetch.readers import Readers, SchoolQueue, reader_of
    from attendance_common.fetch.settler import Settler

    settler = Settler(
        run.zone,
        run.quarantine,
        year=run.year,
        began=run.now,
        last_report=run.history.last_report,
        short_before=lambda school: (run.history.last(SHORT, school) or {}).get("by", 0),
        allowed=run.flags.allow_removals,
    )

    def settle(reading: Reading) -> Reading | None:
        return settler.settle(run.schools[reading.school_id], reading)

    readers = Readers(run.settings.concurrency, reader_of(api, run.settings, asked_as))
    pages = SchoolQueue(opened(run, schools), readers, 2 * run.settings.concurrency, settle)
    with run.context.progress("pages") as show:
        pages.read_all(show)
    if schools and {school for school in pages.forbidden if run.schools[school].fault} == set(schools):
        reason = next(iter(pages.forbidden.values())).reason
        raise SourceError(f"not one of the {len(schools)} schools may be read: {reason}", to_mend=True)


def opened(run: Run, schools: Sequence[int]) -> Iterator[Reading]:
    """Open a reading of each school when it is its turn; stop when the source turns out not to sort."""
    from attendance_common.fetch.reading import recent_reading, whole_reading
    from attendance_common.fetch.school import School

    years = frozenset[int]() if run.year is None else frozenset({run.year})
    for school in schools:
        if any(about.order.is_wrong for about in run.schools.values()):
            return
        run.schools[school] = School(run.zone.landed.lists_of(school, years))
        if run.flags.since is None:
            yield whole_reading(school, run.settings.page_size)
        else:
            yield recent_reading(school, run.settings.page_size, run.flags.since)


def remove(run: Run) -> list[str]:
    """Remove records that are proved gone, unless they are too many; returns a sentence when they are."""
    from attendance_common.fetch.proof import brake

    proved: list[Removals] = [
        school.missing.proved for school in run.schools.values() if school.missing.proved
    ]
    verdict = brake(proved, run.flags.allow_removals)
    for removals in verdict.released:
        school = run.schools[removals.school_id]
        school.tally.landed.removed = run.zone.take_out(school.lists, removals.ids)
        about = event("removed", school=school.school_id, counts={"removed": school.tally.landed.removed})
        gone = "school %d: %d records are gone at the source, and leave"
        log.info(gone, school.school_id, school.tally.landed.removed, extra=about)
    return attention.braked(verdict.stopped, run.schools)


def judge_conditions(run: Run, listed: SchoolList) -> Judged:
    """Judge the conditions: of the list of schools, and of the records that the schools list."""
    from attendance_common.fetch.judge import Judge, Share, judge_list, judge_shortage

    judged, schools = Judged(run.history.last, run.now), run.schools.values()
    judge_list(judged, listed)
    judge_shortage(judged, schools)
    if run.year is not None:
        judge = Judge(
            judged,
            run.zone.landed,
            year=run.year,
            today=run.now.date(),
            share=None if run.flags.school else Share(run.flags.shard.name, run.flags.shard.has),
            skipped=run.settings.skip_schools or (),
            stale_days=run.settings.stale_days,
        )
        if run.scope == "recent":
            judge.recent(schools)
        else:
            judge.whole(schools, listed.asked_as)
    return judged


def conclude(run: Run, listed: SchoolList, doubts: list[str], unread: int) -> command.Outcome:
    """Write the run record, and return the outcome; `unread`: the number of schools that were not read."""
    schools, numbers = run.schools.values(), run.numbers()
    judged = judge_conditions(run, listed)
    sentences = [
        *attention.list_gaps(listed),
        *attention.failures(schools),
        *attention.unsorted_source(schools, unread, run.flags.since),
        *doubts,
        *attention.odd_objects(schools, run.zone.landed.place),
        *attention.quarantined(schools, run.quarantine.place),
        *judged.sentences,
    ]
    if left_out := sum((school.tally.read.left_out for school in schools), Counter()):
        fields = event("left_out", counts={"fields": len(left_out)})
        log.info("%s", attention.left_out(left_out), extra=fields)
    counts = {"scope": run.scope, **sums.counts(numbers), "standing": judged.standing}
    run.records.write(
        {
            **run.about(),
            **counts,
            "attention": sentences,
            "conditions": judged.conditions,
            "by_school": numbers,
        }
    )
    return command.Outcome(counts, sentences)


# --- the quarantine ---------------------------------------------------------------------------------------


def list_quarantine(quarantine: Quarantine) -> command.Outcome:
    """Print school, record id, reason and since when of each record in quarantine; nothing else of it."""
    from attendance_common.fetch.quarantine import UnreadableFile

    count = 0
    with aws.explained(quarantine.place):
        sentences = quarantine.foreign_objects()
        for school in quarantine.schools():
            try:
                lines = quarantine.lines(school)
            except UnreadableFile as fault:
                sentences.append(str(fault))
                continue
            for line in lines.values():
                number = "without an id" if line.record_id is None else line.record_id
                print(f"school {school}\trecord {number}\t{line.reason}\tsince {line.since}")
                count += 1
    return command.Outcome({"quarantined": count}, sentences)


def replay(run: Run, counts: dict[str, int]) -> command.Outcome:
    """Land the records in quarantine that this version can read, and keep the rest. Adds to `counts`."""
    from attendance_common.fetch.quarantine import UnreadableFile
    from attendance_common.fetch.replay import replay_school

    unreadable: list[SchoolLists] = []
    with aws.explained(run.quarantine.place):
        sentences = run.quarantine.foreign_objects()
        for school in run.quarantine.schools():
            with run.context.termination.deferred():
                try:
                    replayed = replay_school(run.zone, run.quarantine, school)
                except UnreadableFile as fault:
                    sentences.append(str(fault))
                    continue
                unreadable += replayed.unreadable
                for name, number in replayed.counts.items():
                    counts[name] += number
    if counts["quarantined"]:
        stay = counted(counts["quarantined"], "record stays", "records stay")
        sentences.append(f"{stay} in quarantine: this version cannot land what --quarantine lists")
    if unreadable:
        sentences.append(attention.unreadable_lists(unreadable, run.zone.landed.place))
    outcome = command.Outcome(dict(counts), sentences)
    run.records.write({**run.about(), **outcome.counts, "attention": outcome.attention})
    return outcome


# --- the command ------------------------------------------------------------------------------------------


EXAMPLES = {
    "--check": "before the first night: try everything that a fetch needs, and change nothing",
    "--dry-run": "read everything, say what would be written, and write nothing",
    "--days 3": "land what the last three days hold",
    "--school 12549 --verbose": "read one school, and log each request",
    "--allow-removals 12549=400": "allow the removal of up to 400 records of a school that are proved gone",
}


def flags() -> argparse.ArgumentParser:
    """The fetcher's flags."""
    parser = command.parser((__doc__ or "").strip(), FetcherSettings, EXAMPLES)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--since", type=date, metavar="DATE", help="only dates from DATE (YYYY-MM-DD) on")
    kind.add_argument(
        "--days", dest="since", type=days_ago, metavar="N", help="only the dates of the last N days"
    )
    kind.add_argument(
        "--modified-hours",
        dest="since",
        type=hours_ago,
        metavar="N",
        help="only what was modified in the last N hours and 15 minutes, if the source sorts by modifiedOn",
    )
    kind.add_argument(
        "--allow-removals",
        type=school_and_count,
        action=AddRemovals,
        default={},
        metavar="SCHOOL=COUNT",
        help="allow the removal of up to COUNT records of the school that are proved gone (repeatable)",
    )
    kind.add_argument(
        "--replay-quarantine",
        action="store_true",
        help="land the records in quarantine that can be read now, keep the rest; does not ask the API",
    )
    kind.add_argument(
        "--quarantine",
        action="store_true",
        help="list what is in quarantine: school, record id, reason, since when; does not ask the API",
    )
    parser.add_argument(
        "--school",
        type=school_id,
        action="append",
        metavar="ID",
        help="only this school (repeatable); --shard is then ignored",
    )
    parser.add_argument(
        "--shard",
        type=shard,
        default=Shard(1, 1),
        metavar="i/n",
        help="only the i-th of n shares of the schools",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the fetcher; returns the exit status."""
    return command.run(flags(), FetcherSettings, fetch, argv)


if __name__ == "__main__":
    sys.exit(main())
