"""Rows of the tables of runs, from run records. What a record lacks, or has in a wrong type, is NULL.

A record comes from S3, and may be of an older version or somebody else's, so each value is checked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from attendance_common.conditions import ALL
from attendance_common.errors import ExitStatus
from attendance_common.numerals import number
from attendance_common.tables import RUN_SCHOOLS, RUNS, Table, TableColumn

Row = tuple[object, ...]
Record = Mapping[str, Any]
_LONG = 2**63


class RunName(NamedTuple):
    """A run of one of the scripts; names sort by the time at which the runs began."""

    run: str
    script: str
    began: dt.datetime


@dataclass(frozen=True)
class RunRows:
    """A run's row, and one for each of its schools."""

    run: Row
    schools: list[Row]


def rows_of(name: RunName, record: Record) -> RunRows | None:
    """The rows of a run; None when the record is not one of this run."""
    if record.get("run") != name.run or status_of(record) is None:
        return None
    known = {**name._asdict(), "attention": _lines(record.get("attention"))}
    known["part"] = None if record.get("part") == ALL else record.get("part")
    by_school = record.get("by_school")
    schools = {**name._asdict(), "scope": record.get("scope")}
    return RunRows(
        _row(RUNS, {**record, **known}),
        [
            _row(RUN_SCHOOLS, {**about, **schools, "school_id": school, "fault": fault_of(about)})
            for school, about in _schools(by_school)
        ],
    )


def status_of(record: Record) -> ExitStatus | None:
    """The exit status in a record; None when it has none."""
    status = record.get("status")
    return ExitStatus(status) if type(status) is int and status in set(ExitStatus) else None


def fault_of(about: Record) -> str | None:
    """Why a school was not read whole, landed or loaded, by its entry in a record; None when it was."""
    if isinstance(about.get("fault"), str):
        return str(about["fault"])
    faults = [
        *(str(why) for _, why in _items(about, "gaps")),
        *(f"the landed list of {day} cannot be read: {why}" for day, why in _items(about, "unreadable")),
    ]
    return "; ".join(faults) or None


def _items(about: Record, name: str) -> Iterator[tuple[str, Any]]:
    value = about.get(name)
    yield from value.items() if isinstance(value, dict) else ()


def _schools(by_school: object) -> Iterator[tuple[int, Record]]:
    """The schools of a record, by their numbers."""
    for school, about in by_school.items() if isinstance(by_school, dict) else ():
        if (found := number(school)) is not None and isinstance(about, dict):
            yield found, about


def _lines(sentences: object) -> str | None:
    """Sentences as text, one in each line; None when there are none."""
    if not isinstance(sentences, list):
        return None
    return "\n".join(" ".join(each.split()) for each in sentences if isinstance(each, str)) or None


# --- values as columns take them ----------------------------------------------------------------------------


def _row(table: Table, values: Record) -> Row:
    return tuple(_value(column, values.get(column.name)) for column in table.columns)


def _value(column: TableColumn, value: object) -> object:
    """A value as the column takes it; None when it is not of the column's type."""
    kind, _, width = column.type.partition("(")
    if kind == "VARCHAR":
        return _text(value, int(width.rstrip(")")))
    try:
        return _CONVERSIONS[kind](value)
    except ValueError:
        return None


def _text(value: object, width: int) -> str | None:
    """A text cut to `width` bytes, with no NUL and no lone surrogate: Redshift and UTF-8 take neither."""
    if not isinstance(value, str):
        return None
    whole = value.replace("\0", "").encode("utf-8", "replace")
    return whole.decode() if len(whole) <= width else whole[: width - 3].decode("utf-8", "ignore") + "…"


def _number(value: object) -> int | None:
    return value if type(value) is int and -_LONG <= value < _LONG else None


def _time(value: object) -> dt.datetime | None:
    """A time in UTC, with no zone."""
    time = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(time, dt.datetime):
        return None
    try:
        return time.astimezone(dt.timezone.utc).replace(tzinfo=None) if time.tzinfo else time
    except OverflowError:  # 0001-01-01 with an offset
        return None


def _date(value: object) -> dt.date | None:
    return dt.date.fromisoformat(value) if isinstance(value, str) else None


_CONVERSIONS: dict[str, Callable[[object], object]] = {
    "BIGINT": _number,
    "INTEGER": _number,
    "TIMESTAMP": _time,
    "DATE": _date,
}


# --- statements ---------------------------------------------------------------------------------------------

# A record is named by the time at which its run began, and written when it ends. So the record of a long run
# may come after those of many later runs; no run takes as long as this margin. Runs that a wrong clock dated
# into the future do not count as the newest.
MARGIN_DAYS = 7

KNOWN = f"""\
SELECT runs.run, runs.script, newest.began
FROM {RUNS.qualified} AS runs
CROSS JOIN (
    SELECT MAX(began) AS began
    FROM {RUNS.qualified}
    WHERE began <= GETDATE()
) AS newest
WHERE runs.began >= DATEADD(day, -{MARGIN_DAYS}, newest.began)
    OR runs.began > GETDATE()"""


def _insert(table: Table) -> str:
    names = ",\n    ".join(column.name for column in table.columns)
    return f"INSERT INTO {table.qualified} (\n    {names}\n)\nVALUES %s"


INSERT_RUNS = _insert(RUNS)
INSERT_SCHOOLS = _insert(RUN_SCHOOLS)
