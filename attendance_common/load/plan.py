"""Compares the landing zone with the control table: what is to be registered, loaded and reported. Pure."""

from __future__ import annotations

import datetime as dt
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from attendance_common import landing

_HIDDEN_STARTS = (".", "_", "#")  # Spectrum ignores these (DG: c-spectrum-external-tables)
NAMED = 1_000  # names of foreign objects that are kept; the others are only counted


class ListId(NamedTuple):
    """A list: one school's records of one date."""

    day: dt.date
    school: int


class Version(NamedTuple):
    """A list's object as S3 lists it; `last_modified` in UTC, no zone, as in the control table."""

    etag: str
    last_modified: dt.datetime


class Loaded:
    """The lists that were loaded, each with the version of its object; None: the object was gone.

    They have to come in the order of their dates. There may be hundreds of thousands, so a list takes 16
    bytes of an array: its school, and a hash of its version. `backfilled_to`: the last date that has rows of
    an older table.
    """

    def __init__(self, lists: Iterable[tuple[ListId, Version | None]] = ()) -> None:
        self.backfilled_to: dt.date | None = None
        self._packed = array("q")
        self._starts: dict[dt.date, int] = {}
        self._ends: dict[dt.date, int] = {}
        for (day, school), version in lists:
            self._starts.setdefault(day, len(self._packed))
            self._packed.extend((school, hash(version)))
            self._ends[day] = len(self._packed)

    @property
    def days(self) -> Collection[dt.date]:
        """The dates of the lists."""
        return self._starts.keys()

    def of(self, day: dt.date) -> dict[int, int]:
        """The schools of a date's lists, each with the hash of the version."""
        packed = self._packed[self._starts.get(day, 0) : self._ends.get(day, 0)]
        return dict(zip(packed[::2], packed[1::2], strict=True))

    def __iter__(self) -> Iterator[ListId]:
        return (ListId(day, school) for day in self.days for school in self.of(day))


@dataclass(frozen=True)
class Part:
    """The lists that a load is about: dates from `first` to `last`, and schools (none named: all)."""

    first: dt.date = dt.date.min
    last: dt.date = dt.date.max
    schools: Collection[int] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the load is about every list."""
        return (self.first, self.last) == (dt.date.min, dt.date.max) and not self.schools

    def has(self, each: ListId) -> bool:
        """Whether the load is about a list."""
        return self.first <= each.day <= self.last and (not self.schools or each.school in self.schools)


@dataclass
class Found:
    """What the landing zone has: dates, schools and number of its lists, changed lists, and foreign objects.

    `gone`: loaded lists whose object is gone from S3 -> whether the control table has that already.
    `foreign_names`: the names of the first foreign objects.
    """

    days: set[dt.date] = field(default_factory=set)
    schools: set[int] = field(default_factory=set)
    lists: int = 0
    changed: dict[ListId, Version] = field(default_factory=dict)
    gone: dict[ListId, bool] = field(default_factory=dict)
    foreign: int = 0
    foreign_names: list[str] = field(default_factory=list)


def loaded_list(row: tuple[Any, ...]) -> tuple[ListId, Version | None]:
    """The list and version in a row of the control table (date, school, ETag, LastModified)."""
    day, school, etag, last_modified = row
    return ListId(day, school), None if etag is None else Version(etag, last_modified)


def version_of(entry: Mapping[str, Any]) -> Version:
    """The version of an object as S3 lists it (ETag, LastModified)."""
    utc = entry["LastModified"].astimezone(dt.timezone.utc).replace(tzinfo=None)
    return Version(entry["ETag"].strip('"'), utc)


def compare(entries: Iterable[Mapping[str, Any]], prefix: str, loaded: Loaded) -> Found:
    """Compare a listing (Key, ETag, LastModified) with what was loaded.

    A list changed when its version is not the loaded one. A loaded list is gone when the listing has other
    lists of its date and not this one; `combined` finds dates of which all lists are gone.
    """
    found = Found()
    missing: dict[dt.date, dict[int, int]] = {}
    for entry in entries:
        name = entry["Key"][len(prefix) :]
        if hidden(name):
            continue
        placed = landing.list_of(name)
        if placed is None:
            found.foreign += 1
            if len(found.foreign_names) < NAMED:
                found.foreign_names.append(name)
            continue
        day, school = placed
        if day not in missing:
            missing[day] = loaded.of(day)
        found.schools.add(school)
        found.lists += 1
        version = version_of(entry)
        if missing[day].pop(school, None) != hash(version):
            found.changed[ListId(day, school)] = version
    found.days.update(missing)
    found.gone = _gone(missing)
    return found


def _gone(missing: Mapping[dt.date, Mapping[int, int]]) -> dict[ListId, bool]:
    return {
        ListId(day, school): version == hash(None)
        for day, schools in missing.items()
        for school, version in schools.items()
    }


def hidden(name: str) -> bool:
    """Whether Spectrum ignores the object."""
    last = name.rsplit("/", 1)[-1]
    return last == "" or last.startswith(_HIDDEN_STARTS) or last.endswith("~")


def combined(parts: Iterable[Found], loaded: Loaded) -> Found:
    """The whole landing zone, from parts of it that share no date."""
    whole = Found()
    for part in parts:
        whole.days |= part.days
        whole.schools |= part.schools
        whole.lists += part.lists
        whole.changed.update(part.changed)
        whole.gone.update(part.gone)
        whole.foreign += part.foreign
        whole.foreign_names = [*whole.foreign_names, *part.foreign_names][:NAMED]
    whole.gone.update(_gone({day: loaded.of(day) for day in loaded.days if day not in whole.days}))
    return whole


def unknown_schools(part: Part, found: Found) -> list[int]:
    """The schools that a part names, and that have no list, neither in the landing zone nor loaded."""
    known = found.schools | {each.school for each in found.gone}
    return [school for school in dict.fromkeys(part.schools) if school not in known]


def to_reload(part: Part, loaded: Loaded, found: Found) -> list[ListId]:
    """The loaded lists of a part whose objects can be read again."""
    return [each for each in loaded if part.has(each) and each not in found.gone]


def checked_from(loaded: Loaded, found: Found) -> dt.date:
    """The first date that a load checks. Dates before it have rows of older tables alone, maybe millions."""
    if loaded.backfilled_to is None:
        return dt.date.min
    landed = found.days | {each.day for each in found.gone}
    last = min(loaded.backfilled_to, dt.date.max - dt.timedelta(days=1))
    return min([last + dt.timedelta(days=1), *landed])


def to_register(found: Found, registered: Collection[dt.date]) -> list[dt.date]:
    """Partitions that Spectrum does not know yet, oldest first."""
    return sorted(found.days - set(registered))


def batches(lists: Iterable[ListId], dates: int) -> list[list[ListId]]:
    """The lists in groups of up to `dates` dates, oldest first; each group is loaded in one transaction."""
    by_date: dict[dt.date, list[ListId]] = defaultdict(list)
    for each in sorted(lists):
        by_date[each.day].append(each)
    groups = list(by_date.values())
    return [
        [each for group in groups[start : start + dates] for each in group]
        for start in range(0, len(groups), dates)
    ]


def halves(lists: Sequence[ListId]) -> list[list[ListId]]:
    """Both halves of a batch that cannot be loaded whole: by dates while it has several, then by schools."""
    days = sorted({each.day for each in lists})
    if len(days) == 1:
        middle = len(lists) // 2
        return [list(lists[:middle]), list(lists[middle:])]
    later = days[len(days) // 2]
    return [[each for each in lists if each.day < later], [each for each in lists if each.day >= later]]


# --- which lists of a batch count as loaded ----------------------------------------------------------------


class Summary(NamedTuple):
    """Counts of what was read of one list: rows, rows with an id, different ids, rows with a student, rows of
    the list's date, rows that have a place because the list was loaded before.

    `first_object`, `last_object`: the least and the greatest name of the objects that its rows came from.
    """

    rows: int
    records: int
    ids: int
    students: int
    dated: int
    placed: int
    first_object: str
    last_object: str

    @property
    def is_tombstone(self) -> bool:
        """Whether it is the one row of a list that lost its last record."""
        return (self.rows, self.records) == (1, 0)


def fault_of(summary: Summary | None) -> str | None:
    """Why a list cannot be loaded, judged by what was read of it; None when it can."""
    if summary is None:
        return "Spectrum found no row of this school in it"
    if summary.is_tombstone:
        return None
    if summary.first_object != summary.last_object:
        return f"its rows lie in more than one object, {summary.first_object} and {summary.last_object}"
    faults = {
        "it has rows without an id": summary.records < summary.rows,
        "it has an id twice": summary.ids < summary.records,
        "it has rows without a student": summary.students < summary.records,
        "it has rows of another date": summary.dated < summary.records,
    }
    return next((fault for fault, found in faults.items() if found), None)


@dataclass(frozen=True)
class Reading:
    """The lists of a batch after they were read.

    `accepted`: they count as loaded -> their records. `rewritten`: their object changed while it was read.
    `faults`: they cannot be loaded -> why. `placed`: accepted lists that have places, so were loaded before.
    """

    accepted: dict[ListId, int]
    rewritten: set[ListId]
    faults: dict[ListId, str]
    placed: set[ListId]


def judge(
    before: Mapping[ListId, Version], after: Mapping[ListId, Version], read: Mapping[ListId, Summary]
) -> Reading:
    """Which lists count as loaded: their object is the same in the listings before and after the reading."""
    rewritten = {each for each, version in before.items() if after.get(each) != version}
    stable = before.keys() - rewritten
    faults = {each: fault for each in sorted(stable) if (fault := fault_of(read.get(each)))}
    accepted = {each: read[each].records for each in stable - faults.keys()}
    placed = {each for each in accepted if read[each].placed}
    return Reading(accepted, rewritten, faults, placed)
