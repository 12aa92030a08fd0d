"""`--status` for a person: lines of up to 100 characters, what needs a person first."""

from __future__ import annotations

import datetime as dt
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from attendance_common.load.status import Run, School, Status, minute
from attendance_common.numerals import counted
from attendance_common.tables import CHECKS

WIDTH = 100
_FINDINGS = 20
_NONE = "-"
_HEADS = ("school", "newest date", "rows", "read whole (UTC)", "quarantine", "waiting")


def render(status: Status, now: dt.datetime) -> str:
    """The whole page."""
    return "\n".join(
        [
            *_sentences("needs a person", status.attention or ["nothing"]),
            *(_sentences("lasts, and was said before", status.states) if status.states else ()),
            *(_sentences("the checks of the data find", _findings(status)) if status.findings else ()),
            "",
            *_overview(status, now),
            "",
            *_table(status.schools),
        ]
    )


def _sentences(title: str, sentences: Iterable[str]) -> Iterator[str]:
    yield f"{title}:"
    for sentence in sentences:
        yield textwrap.fill(sentence, WIDTH, initial_indent="  * ", subsequent_indent="    ")


def _findings(status: Status) -> list[str]:
    """The first findings of the checks, errors first, and where to find the others."""
    shown = [
        f"{each.severity}: {each.finding} (since {minute(each.since)} UTC)"
        for each in status.findings[:_FINDINGS]
    ]
    more = len(status.findings) - len(shown)
    return [*shown, *([f"and {more} more: SELECT * FROM {CHECKS.qualified}"] if more else [])]


def _overview(status: Status, now: dt.datetime) -> Iterator[str]:
    facts = {
        "newest date": str(status.newest_date or _NONE),
        "last good fetch": _ended(status.good["fetch"], now),
        "last good load": _ended(status.good["load"], now),
        "lists waiting": f"{status.lists_waiting:,}, {status.lists_stuck:,} of them since before that load",
        "in quarantine": counted(status.in_quarantine, "record", "records"),
    }
    for name, value in facts.items():
        yield f"{name:15}  {value}"


def _ended(run: Run | None, now: dt.datetime) -> str:
    """`2025-12-09 06:12 UTC, 7 hours ago (shard 2/4)`."""
    if run is None:
        return _NONE
    ended = run.ended or run.began
    hours = max(0, int((now - ended) / dt.timedelta(hours=1)))
    shard = f" (shard {run.part})" if run.part else ""
    return f"{minute(ended)} UTC, {counted(hours, 'hour', 'hours')} ago{shard}"


def _table(schools: Sequence[School]) -> Iterator[str]:
    """A line for each school; its fault comes last, cut to the width."""
    cells = [_HEADS, *map(_cells, schools)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row, fault in zip(cells, ["", *(each.fault for each in schools)], strict=True):
        line = "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        whole = " ".join(f"{line}  {fault or ''}".rstrip().splitlines())
        yield whole if len(whole) <= WIDTH else whole[: WIDTH - 1] + "…"


def _cells(school: School) -> tuple[str, ...]:
    quarantined = _NONE if school.in_quarantine is None else f"{school.in_quarantine:,}"
    return (
        str(school.school),
        str(school.newest_date or _NONE),
        f"{school.rows:,}",
        minute(school.read_whole) if school.read_whole else _NONE,
        quarantined,
        f"{school.lists_waiting:,}",
    )
