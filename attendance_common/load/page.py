"""The status page: one HTML file that needs no network and no script. Pure: facts in, HTML out.

It shows schools, dates and counts, never a student.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from statistics import median

from attendance_common import __version__
from attendance_common.errors import ExitStatus
from attendance_common.load.calendar_svg import calendar
from attendance_common.load.status import Status, minute

FEW, MANY = 0.5, 1.5  # of a school's median day
STATUSES = {
    ExitStatus.DONE: "done",
    ExitStatus.MAY_PASS: "failed, may pass",
    ExitStatus.TO_MEND: "failed, to be mended",
    ExitStatus.NEEDS_A_PERSON: "needs a person",
}


@dataclass(frozen=True)
class RunLine:
    """A run of either script. `rows`: landed, or written and removed."""

    script: str
    scope: str | None
    began: dt.datetime
    ended: dt.datetime | None
    status: int
    rows: int | None

    @property
    def minutes(self) -> str:
        """How long it took."""
        return f"{(self.ended - self.began) / dt.timedelta(minutes=1):.1f}" if self.ended else ""

    @property
    def outcome(self) -> str:
        """The exit status in words."""
        return STATUSES[ExitStatus(self.status)]


@dataclass(frozen=True)
class LoadLine:
    """What a load changed."""

    began: dt.datetime
    inserted: int
    updated: int
    removed: int

    @property
    def total(self) -> int:
        """All rows that it changed."""
        return self.inserted + self.updated + self.removed


@dataclass(frozen=True)
class PageFacts:
    """What the page shows.

    `records`: date -> records of all schools. `by_school`: school -> date -> records, of the newest dates.
    `lateness`: how late changes came -> how many. `quarantine`: reason -> records.
    """

    status: Status
    records: Mapping[dt.date, int]
    by_school: Mapping[int, Mapping[dt.date, int]]
    loads: Sequence[LoadLine]
    lateness: Mapping[str, int]
    quarantine: Mapping[str, int]
    runs: Sequence[RunLine]


@dataclass(frozen=True)
class Cell:
    """Records of a school on a date: the text, and how they compare with the school's usual day."""

    text: str
    kind: str  # none, few, usual, many


def render(facts: PageFacts, now: dt.datetime) -> str:
    """The page as HTML. `now`: UTC, with no zone."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = resources.files("attendance_common.load") / "templates"
    loader = DictLoader({name: (folder / name).read_text("utf-8") for name in ("status.html", "status.css")})
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": number, "minute": minute, "share": share}
    dates = sorted({day for counts in facts.by_school.values() for day in counts}, reverse=True)
    return environment.get_template("status.html").render(
        facts=facts,
        status=facts.status,
        now=now,
        version=__version__,
        calendar=calendar(facts.records, now.date()),
        dates=dates,
        schools=list(_schools(facts.by_school, dates)),
        most=max((load.total for load in facts.loads), default=0),
        late=sum(facts.lateness.values()),
    )


def number(value: int | None) -> str:
    """`12,345`; an empty text for None."""
    return "" if value is None else f"{value:,}"


def share(part: int, whole: int) -> str:
    """`37 %`."""
    return f"{100 * part / whole:.0f} %" if whole else "0 %"


def _schools(
    by_school: Mapping[int, Mapping[dt.date, int]], dates: Sequence[dt.date]
) -> Iterator[tuple[int, list[Cell]]]:
    """Each school with its cells; schools that lack most dates come first."""
    rows = [(school, cells(counts, dates)) for school, counts in by_school.items()]
    yield from sorted(rows, key=lambda row: (-sum(cell.kind == "none" for cell in row[1]), row[0]))


def cells(counts: Mapping[dt.date, int], dates: Sequence[dt.date]) -> list[Cell]:
    """A school's cells, one for each date."""
    usual = median([count for count in counts.values() if count] or [0])
    return [_cell(counts.get(day, 0), usual) for day in dates]


def _cell(count: int, usual: float) -> Cell:
    if not count:
        return Cell("none", "none")
    kind = "few" if count < FEW * usual else "many" if count > MANY * usual else "usual"
    return Cell(number(count), kind)
