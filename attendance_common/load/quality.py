"""Findings of the checks of the data: which are new, and the sentences about them.

A finding is identified by its check, school, date and subject. It lasts from the first load that finds it to
the first one that does not. Missing days of which the first ones came are the same finding. An error needs a
person once, when it is new; a warning is only listed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from attendance_common.load.attendance_views import CODES, code_of
from attendance_common.load.list_sql import NATIVE
from attendance_common.load.quality_sql import CONDITIONS
from attendance_common.load.school_days import GAPS, SCHOOL_RECORDS, SCHOOL_YEARS, TODAY
from attendance_common.numerals import counted, records
from attendance_common.tables import CHECKS, RUN_SCHOOLS, STATUS_CODES

Severity = Literal["error", "warn"]
Key = tuple[str, "int | None", "dt.date | None", "str | None"]

MISSING = "missing days"
NAMED = 5  # new findings of a check that are named; the others are counted


class Seen(NamedTuple):
    """A row of the checks' statement: one finding.

    `day` and `subject` distinguish the findings of one check and school; `first` and `last` are the dates of
    what was counted.
    """

    name: str
    school: int | None
    day: dt.date | None
    subject: str | None
    rows: int
    first: dt.date
    last: dt.date
    usual: int | None


@dataclass(frozen=True)
class Finding:
    """A finding as the table has it. `reported`: when a load first reported it as needing a person."""

    name: str
    severity: Severity
    school: int | None
    day: dt.date | None
    subject: str | None
    rows: int
    finding: str
    look_closer: str
    since: dt.datetime
    reported: dt.datetime | None

    @property
    def key(self) -> Key:
        """What identifies it: another load's finding with the same key is the same finding."""
        return self.name, self.school, self.day, self.subject

    @property
    def is_new(self) -> bool:
        """Whether it needs a person, and no load has reported it."""
        return self.severity == "error" and self.reported is None


@dataclass(frozen=True)
class Check:
    """How a check's findings are reported; `cure`: what to do about an error."""

    severity: Severity
    sentence: Callable[[Seen], str]
    look_closer: Callable[[Seen], str]
    cure: str = ""


# --- the checks ---------------------------------------------------------------------------------------------


def _span(seen: Seen) -> str:
    return f"on {seen.first}" if seen.first == seen.last else f"from {seen.first} to {seen.last}"


def _missing(seen: Seen) -> str:
    days = "" if seen.rows == 1 else f" ({seen.rows} school days)"
    return f"school {seen.school} has no record {_span(seen)}{days}, while most schools have some"


def _behind(seen: Seen) -> str:
    days = counted(seen.rows, "school day", "school days")
    return (
        f"the newest date of school {seen.school} is {seen.first}, {days} behind that of most ({seen.last})"
    )


def _unusual(seen: Seen) -> str:
    return (
        f"school {seen.school} has {records(seen.rows)} on {seen.first}, and {seen.usual} on the same "
        "weekday of the six weeks before (median)"
    )


def _ahead(seen: Seen) -> str:
    return (
        f"school {seen.school} has {records(seen.rows)} {_span(seen)}, later than the last date of the "
        "future for which it has a list of usual length"
    )


def _earlier(seen: Seen) -> str:
    return (
        f"school {seen.school} has {records(seen.rows)} {_span(seen)}, in an earlier school year than that "
        "in which they were created"
    )


_NO_MEANING = f"for which {STATUS_CODES.qualified} has no meaning"


def _unknown(seen: Seen) -> str:
    has = counted(seen.rows, "record has", "records have")
    return f"{has} the status {seen.subject!r}, {_NO_MEANING} ({_span(seen)})"


def _rare(seen: Seen) -> str:
    has = counted(seen.rows, "record has a status", "records have statuses")
    return f"{has} {_NO_MEANING}, each of few students ({_span(seen)})"


def _rows(what: str) -> Callable[[Seen], str]:
    return lambda seen: f"school {seen.school} has {records(seen.rows)} with {what} ({_span(seen)})"


def _twice(seen: Seen) -> str:
    return f"{counted(seen.rows, 'id is', 'ids are')} in {NATIVE} more than once ({_span(seen)})"


def _quarantine(seen: Seen) -> str:
    return (
        f"{records(seen.rows)} of school {seen.school} lay in quarantine at the fetch of {seen.last}, and "
        f"{seen.usual or 0} at that of {seen.first}"
    )


def _between(seen: Seen) -> str:
    return f"attendance_date BETWEEN '{seen.first}' AND '{seen.last}'"


def _school(seen: Seen) -> str:
    return f"school_id = {seen.school}"


def _counts(seen: Seen) -> str:
    """Records of a school by date, from six weeks before."""
    return (
        f"SELECT * FROM {SCHOOL_RECORDS.qualified} WHERE {_school(seen)} "
        f"AND attendance_date BETWEEN '{_six_weeks_before(seen.first)}' AND '{seen.last}' "
        "ORDER BY attendance_date"
    )


def _six_weeks_before(day: dt.date) -> dt.date:
    """Six weeks before a day, or the first day of all."""
    return dt.date.fromordinal(max(day.toordinal() - 42, dt.date.min.toordinal()))


def _records(condition: str) -> Callable[[Seen], str]:
    return lambda seen: f"SELECT * FROM {NATIVE} WHERE {_between(seen)} AND {_school(seen)} AND {condition}"


def _statuses(seen: Seen) -> str:
    code = code_of("record.attendance_status")
    codes = " ".join(CODES.split())
    return (
        f"SELECT {code} AS status, COUNT(*) AS records FROM {NATIVE} AS record "
        f"LEFT JOIN ({codes}) AS codes ON {code} = codes.code "
        f"WHERE record.{_between(seen)} AND codes.code IS NULL GROUP BY {code}"
    )


_MAP = (
    f"give them one in {STATUS_CODES.qualified} (absent, tardy, present or other); until then no view counts "
    "them as absent, tardy or present"
)

CHECKS_OF_THE_DATA: dict[str, Check] = {
    MISSING: Check(
        "error",
        _missing,
        lambda seen: f"SELECT * FROM {GAPS.qualified} WHERE {_school(seen)} AND {_between(seen)}",
        "fetch these schools whole; if the days stay empty, ask the schools and the source's operator "
        "whether they were open",
    ),
    "behind": Check(
        "warn",
        _behind,
        lambda seen: f"SELECT * FROM {SCHOOL_YEARS.qualified} WHERE {_school(seen)}",
    ),
    "unusual count": Check("warn", _unusual, _counts),
    "too far ahead": Check(
        "warn",
        _ahead,
        lambda seen: (
            f"SELECT * FROM {SCHOOL_RECORDS.qualified} WHERE {_school(seen)} AND attendance_date > {TODAY}"
        ),
    ),
    "earlier school year": Check(
        "warn",
        _earlier,
        lambda seen: (
            f"SELECT id, attendance_date, created_on FROM {NATIVE} WHERE {_between(seen)} AND {_school(seen)}"
        ),
    ),
    "unknown status": Check("error", _unknown, _statuses, _MAP),
    "rare unknown status": Check("warn", _rare, _statuses),
    "minutes": Check(
        "warn",
        _rows("more minutes missed than there were"),
        _records(CONDITIONS["minutes"]),
    ),
    "modified before created": Check(
        "warn",
        _rows("a time of change before that of creation"),
        _records(CONDITIONS["modified before created"]),
    ),
    "modified in the future": Check(
        "warn",
        _rows("a time of change in the future"),
        _records(CONDITIONS["modified in the future"]),
    ),
    "id twice": Check(
        "error",
        _twice,
        lambda seen: (
            f"SELECT id, COUNT(*) FROM {NATIVE} WHERE {_between(seen)} GROUP BY id HAVING COUNT(*) > 1"
        ),
        "run the loader, which mends it; find out what else writes the table",
    ),
    "quarantine growing": Check(
        "warn",
        _quarantine,
        lambda seen: (
            f"SELECT began, quarantined_new, in_quarantine FROM {RUN_SCHOOLS.qualified} "
            f"WHERE {_school(seen)} AND script = 'fetch' AND began >= '{seen.first}' ORDER BY began"
        ),
    ),
}


def findings(seen: Iterable[Seen], known: Iterable[Finding], now: dt.datetime) -> list[Finding]:
    """The findings of now. One that was `known` keeps `since` and `reported`."""
    former = {each.key: each for each in known}
    return [_finding(each, _former(each, former), now) for each in seen]


def _former(seen: Seen, former: dict[Key, Finding]) -> Finding | None:
    """The same finding of an earlier load."""
    exact = former.get((seen.name, seen.school, seen.day, seen.subject))
    if exact or seen.name != MISSING or seen.day is None:
        return exact
    of_school = [each for each in former.values() if (each.name, each.school) == (MISSING, seen.school)]
    spans = [each for each in of_school if each.day and _has(each.day, each.rows, seen.day)]
    return max(spans, key=lambda each: each.day or dt.date.min, default=None)


def _has(first: dt.date, school_days: int, day: dt.date) -> bool:
    """Whether successive school days from `first` on surely have this day, whichever are holidays."""
    weeks, rest = divmod((day - first).days, 7)
    weekdays = 5 * weeks + sum((first.weekday() + n) % 7 < 5 for n in range(rest))
    return first < day and weekdays < school_days


def _finding(seen: Seen, known: Finding | None, now: dt.datetime) -> Finding:
    check = CHECKS_OF_THE_DATA[seen.name]
    return Finding(
        *(seen.name, check.severity, seen.school, seen.day, seen.subject, seen.rows),
        finding=check.sentence(seen),
        look_closer=check.look_closer(seen),
        since=known.since if known else now,
        reported=known.reported if known else None,
    )


# --- for a person -------------------------------------------------------------------------------------------


def new_errors(found: Sequence[Finding]) -> list[str]:
    """A sentence for each check that found an error that no load has reported."""
    by_check: dict[str, list[Finding]] = defaultdict(list)
    for each in found:
        if each.is_new:
            by_check[each.name].append(each)
    return [_sentence(name, of_check) for name, of_check in by_check.items()]


def _sentence(name: str, found: Sequence[Finding]) -> str:
    named = "; ".join(each.finding for each in found[:NAMED])
    more = f"; and {len(found) - NAMED} more" if len(found) > NAMED else ""
    look = f"SELECT finding, look_closer FROM {CHECKS.qualified} WHERE name = '{name}'"
    return f"check of the data, {name}: {named}{more}: {CHECKS_OF_THE_DATA[name].cure}; see {look}"


def unchecked(fault: str) -> str:
    """The sentence for checks that could not be made."""
    return f"the data was loaded and not checked: {fault}"
