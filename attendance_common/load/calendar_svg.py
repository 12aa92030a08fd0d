"""A calendar of records by date, as positions and shades of its cells. Pure: the template draws it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CELL = 14  # pixels from one cell to the next
LEFT, TOP = 32, 18  # of the first cell: room for the names of weekdays and months
WEEKS = 53
SHADES = 4
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Cell:
    """A date: where it is drawn, its shade, and its tooltip."""

    x: int
    y: int
    shade: str  # `none` (a weekday that has no record), `off` (a weekend that has none), `s1` to `s4`
    text: str


@dataclass(frozen=True)
class Calendar:
    """What is drawn. `gaps`: spans of weekdays that have no record, between the first and the last date."""

    cells: Sequence[Cell]
    months: Sequence[tuple[int, str]]
    gaps: Sequence[tuple[dt.date, dt.date]]
    first: dt.date
    last: dt.date
    records: int
    width: int = LEFT + WEEKS * CELL
    height: int = TOP + 7 * CELL


def calendar(counts: Mapping[dt.date, int], today: dt.date) -> Calendar:
    """The last 53 weeks, up to the week of `today`. `counts`: date -> records, of dates that have some."""
    monday = today - dt.timedelta(days=today.weekday(), weeks=WEEKS - 1)
    dates = [monday + dt.timedelta(days=number) for number in range(7 * WEEKS)]
    shown = {day: counts.get(day, 0) for day in dates if day <= today}
    known = sorted(day for day, count in shown.items() if count)
    first, last = (known[0], known[-1]) if known else (today, today)
    most = max(shown.values(), default=0)
    cells = [_cell(day, monday, count, most, within=first <= day <= last) for day, count in shown.items()]
    missing = [day for day in shown if first < day < last and not shown[day] and day.weekday() < 5]
    return Calendar(cells, _months(monday), spans(missing), first, last, sum(shown.values()))


def _cell(day: dt.date, monday: dt.date, count: int, most: int, *, within: bool) -> Cell:
    week, weekday = divmod((day - monday).days, 7)
    text = f"{day:%a} {day}: {f'{count:,}' if count else 'no'} record{'' if count == 1 else 's'}"
    return Cell(LEFT + week * CELL, TOP + weekday * CELL, _shade(day, count, most, within=within), text)


def _shade(day: dt.date, count: int, most: int, *, within: bool) -> str:
    if count:
        return f"s{min(SHADES, 1 + SHADES * (count - 1) // most)}"
    return "none" if within and day.weekday() < 5 else "off"


def _months(monday: dt.date) -> list[tuple[int, str]]:
    """Where the name of each month is drawn: above the week that begins with its first Monday."""
    found = []
    for week in range(WEEKS):
        day = monday + dt.timedelta(weeks=week)
        if day.day <= 7:
            found.append((LEFT + week * CELL, _MONTHS[day.month - 1]))
    return found


def spans(days: Sequence[dt.date]) -> list[tuple[dt.date, dt.date]]:
    """Weekdays in order, as spans; a weekend does not end a span."""
    found: list[tuple[dt.date, dt.date]] = []
    for day in days:
        before = day - dt.timedelta(days=3 if day.weekday() == 0 else 1)
        if found and found[-1][1] == before:
            found[-1] = found[-1][0], day
        else:
            found.append((day, day))
    return found
