"""What `--status` says: how recent everything is, and what needs a person. Pure: it makes no call."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from attendance_common.errors import ExitStatus
from attendance_common.history import FINISHED
from attendance_common.load.plan import ListId, Version
from attendance_common.load.quality import Finding
from attendance_common.numerals import counted, number
from attendance_common.run_record import SCRIPTS, SOME

FULL = ("whole", "today", "load")  # scopes of runs that read all records of their schools, or all lists
MOST_SHARDS = 1_000  # a greater number is no number of shards, but somebody else's text
NAMES = {"fetch": "fetcher", "load": "loader"}


@dataclass(frozen=True)
class Run:
    """A run, as in its row of the table of runs."""

    run: str
    script: str
    scope: str | None
    part: str | None
    began: dt.datetime
    ended: dt.datetime | None
    status: int
    error: str | None = None
    attention: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether it finished, even if it needs a person."""
        return self.status in FINISHED

    @property
    def is_full(self) -> bool:
        """Whether it was about all schools or lists, or about a shard of them."""
        return self.scope in FULL and self.part != SOME

    @property
    def name(self) -> str:
        """`fetch of 2025-12-09 02:15 UTC`."""
        return f"{self.script} of {minute(self.began)} UTC"


@dataclass(frozen=True)
class SchoolRun:
    """A reading of a school: the newest good one or the newest with a fault, of a scope."""

    school: int
    scope: str | None
    began: dt.datetime
    fault: str | None
    in_quarantine: int | None

    def supersedes(self, other: SchoolRun) -> bool:
        """Whether it is later, and read at least as much."""
        return self.began > other.began and (self.scope in FULL or other.scope not in FULL)


@dataclass(frozen=True)
class School:
    """A school of the table: its newest date and rows, its last readings, and its lists that wait."""

    school: int
    newest_date: dt.date | None
    rows: int
    read_whole: dt.datetime | None
    in_quarantine: int | None
    lists_waiting: int
    fault: str | None

    @property
    def order(self) -> tuple[Any, ...]:
        """Sorts what needs a look first."""
        newest = self.newest_date or dt.date.min
        return not self.fault, not self.lists_waiting, not self.in_quarantine, newest, self.school


@dataclass(frozen=True)
class Facts:
    """What is known of runs, of schools and of the landing zone.

    `rows`: school -> rows in the table, and their newest date up to today. `waiting`: lists that
    changed since they were loaded. `reported`: sentences of the runs of the last days, the newest first.
    `lasting`: moments since which conditions last. `findings`: those of the checks of the data, errors first.
    """

    runs: Sequence[Run] = ()
    rows: Mapping[int, tuple[int, dt.date | None]] = field(default_factory=dict)
    school_runs: Sequence[SchoolRun] = ()
    waiting: Mapping[ListId, Version] = field(default_factory=dict)
    reported: Sequence[str] = ()
    lasting: Collection[str] = ()
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class Status:
    """What `--status` shows."""

    newest_date: dt.date | None
    good: dict[str, Run | None]  # script -> the last full run that ended well
    lists_waiting: int
    lists_stuck: int
    schools: list[School]
    attention: list[str]
    states: list[str]
    findings: Sequence[Finding] = ()

    @property
    def in_quarantine(self) -> int:
        """Records that were in quarantine when their schools were last read."""
        return sum(each.in_quarantine or 0 for each in self.schools)

    def counts(self) -> dict[str, Any]:
        """For the result line."""
        return {
            "newest_date": self.newest_date and self.newest_date.isoformat(),
            **{
                f"last_{script}": run and _moment(run.ended or run.began) for script, run in self.good.items()
            },
            "rows": sum(each.rows for each in self.schools),
            "schools": len(self.schools),
            "schools_failed": sum(each.fault is not None for each in self.schools),
            "lists_waiting": self.lists_waiting,
            "lists_stuck": self.lists_stuck,
            "in_quarantine": self.in_quarantine,
            "standing": len(self.states),
            "findings": len(self.findings),
        }

    def whole(self) -> dict[str, Any]:
        """For a monitor: the counts, each school, the states that last, and what the checks find."""
        schools = [
            {
                "school": each.school,
                "newest_date": each.newest_date and each.newest_date.isoformat(),
                "rows": each.rows,
                "read_whole": each.read_whole and _moment(each.read_whole),
                "in_quarantine": each.in_quarantine,
                "lists_waiting": each.lists_waiting,
                "fault": each.fault,
            }
            for each in self.schools
        ]
        findings = [
            {
                "name": each.name,
                "severity": each.severity,
                "finding": each.finding,
                "since": _moment(each.since),
            }
            for each in self.findings
        ]
        return {
            **self.counts(),
            "by_school": schools,
            "states": self.states,
            "checks": findings,
        }


def judge(facts: Facts, now: dt.datetime, hours: int) -> Status:
    """What to show. `now`: UTC, with no zone. `hours`: how old the last good runs may be; 0: any age."""
    good = {script: _last_good(_of(facts.runs, script)) for script in SCRIPTS}
    stuck = _stuck(facts.waiting, good["load"])
    attention = [
        *(sentence for script in SCRIPTS for sentence in _of_script(script, facts.runs, now, hours)),
        *([_stuck_sentence(stuck)] if stuck else []),
    ]
    return Status(
        newest_date=max((newest for _, newest in facts.rows.values() if newest), default=None),
        good=good,
        lists_waiting=len(facts.waiting),
        lists_stuck=len(stuck),
        schools=_schools(facts),
        attention=attention,
        states=_states(facts, attention),
        findings=facts.findings,
    )


# --- runs ---------------------------------------------------------------------------------------------------


def _of(runs: Iterable[Run], script: str) -> list[Run]:
    """A script's runs, the newest first."""
    return sorted((each for each in runs if each.script == script), key=lambda each: each.run, reverse=True)


def _last_good(runs: Sequence[Run]) -> Run | None:
    return next((each for each in runs if each.is_full and each.is_good), None)


def _of_script(script: str, every: Iterable[Run], now: dt.datetime, hours: int) -> list[str]:
    """What needs a person by a script's newest run, and by the newest full run of each shard.

    A later run of only a part does not cancel what a full run reported.
    """
    runs = _of(every, script)
    deciding = runs[:1]
    sentences = []
    for part in _parts(runs):
        of_part = [each for each in runs if each.is_full and each.part == part]
        deciding += [each for each in of_part[:1] if each not in deciding]
        sentences += _age(script, part, _last_good(of_part), now, hours)
    return sentences + [sentence for run in deciding for sentence in _named(run)]


def _parts(runs: Sequence[Run]) -> list[str | None]:
    """The shards of the newest full run: `2/3` -> `1/3`, `2/3`, `3/3`; None: of all schools."""
    newest = next((each.part for each in runs if each.is_full), None)
    count = number((newest or "").rpartition("/")[2], 0, MOST_SHARDS)
    return [None] if count is None else [f"{each}/{count}" for each in range(1, count + 1)]


def _age(script: str, part: str | None, good: Run | None, now: dt.datetime, hours: int) -> list[str]:
    """Whether the last good run of a part is too old."""
    what = script if part is None else f"{script} of shard {part}"
    if good is None:
        return [f"no {what} that ended well is known: run the {NAMES[script]}"]
    old = int((now - (good.ended or good.began)) / dt.timedelta(hours=1))
    if not hours or old < hours:
        return []
    last = f"the last {what} that ended well began {minute(good.began)} UTC and ended {old} hours ago"
    return [f"{last}, and {hours} are allowed (REDSHIFT_STATUS_HOURS): look at its schedule and its log"]


def _named(run: Run) -> list[str]:
    """The sentences for a person in a run's row."""
    if not run.is_good:
        cure = "run it again" if run.status == ExitStatus.MAY_PASS else "mend that, and run it again"
        return [f"the {run.name} failed with status {run.status}: {run.error or 'see its log'}; {cure}"]
    return [f"{sentence} ({run.name})" for sentence in (run.attention or "").splitlines()]


def _states(facts: Facts, attention: Sequence[str]) -> list[str]:
    """What earlier runs reported of conditions that last, but for what is in `attention`."""
    now = [sentence.rpartition(" (")[0] for sentence in attention]
    ends = tuple(f"(since {moment})" for moment in sorted(facts.lasting))
    lasting = dict.fromkeys(each for each in facts.reported if ends and each.endswith(ends))
    return [each for each in lasting if each not in now]


# --- lists and schools --------------------------------------------------------------------------------------


def _stuck(waiting: Mapping[ListId, Version], load: Run | None) -> list[ListId]:
    """The lists that were in the landing zone when the last good load began, and were not loaded."""
    return [] if load is None else [each for each in sorted(waiting) if waiting[each][1] < load.began]


def _stuck_sentence(stuck: Sequence[ListId]) -> str:
    lists = counted(len(stuck), "list was", "lists were")
    day, school = stuck[0]
    return (
        f"{lists} written before the last good load began, and not loaded, first that of {day} of school "
        f"{school}: run the loader, which says what is at fault"
    )


def _schools(facts: Facts) -> list[School]:
    runs: dict[int, list[SchoolRun]] = {}
    for each in sorted(facts.school_runs, key=lambda run: run.began, reverse=True):
        runs.setdefault(each.school, []).append(each)
    waiting = Counter(each.school for each in facts.waiting)
    every = facts.rows.keys() | runs.keys() | waiting.keys()
    found = [_school(each, facts, runs.get(each, []), waiting[each]) for each in every]
    return sorted(found, key=lambda school: school.order)


def _school(school: int, facts: Facts, runs: Sequence[SchoolRun], waiting: int) -> School:
    """A school by its runs, the newest first."""
    rows, newest = facts.rows.get(school, (0, None))
    good = [each for each in runs if each.fault is None]
    bad = [each for each in runs if each.fault and not any(later.supersedes(each) for later in good)]
    return School(
        school=school,
        newest_date=newest,
        rows=rows,
        read_whole=next((each.began for each in good if each.scope in FULL), None),
        in_quarantine=next((each.in_quarantine for each in runs if each.in_quarantine is not None), None),
        lists_waiting=waiting,
        fault=bad[0].fault if bad else None,
    )


def minute(moment: dt.datetime) -> str:
    """A moment for a person."""
    return f"{moment:%Y-%m-%d %H:%M}"


def _moment(moment: dt.datetime) -> str:
    """A moment in UTC for a program."""
    return f"{moment.isoformat(timespec='seconds')}+00:00"
