"""Random histories of lists, with loads that meet anything: the table is what the lists say.

The lists are those that a fetcher leaves: a record that moves is written to the list where it goes before it
leaves the list where it was. A fetcher may die between any two writes; a later one brings the rest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from tests.lists import NEW, NEWER, OLD, land, land_tombstone, statuses, take_away, version
from tests.loading import Loading
from tests.model import NATIVE
from tests.pipeline import Pipeline
from tests.sandbox import Sandbox
from tests.world import set_up

SEEDS = int(os.environ.get("WANDERINGS", "4"))
STEPS = 6
DATES = [date(2022, 1, 9), date(2025, 9, 1), date(2025, 9, 2), date(2025, 12, 31)]
SCHOOLS = [1, 2]
TIMES = [None, OLD, NEW, NEWER]

SAID = "SELECT id, attendance_status, attendance_date, modified_on FROM public.period_attendance"

ListId = tuple[date, int]
Said = tuple[str, date, datetime | None]
Lists = dict[ListId, dict[int, "Record"]]


@dataclass(frozen=True)
class Record:
    """A record's version: what it says, and which of TIMES it bears."""

    status: str
    age: int

    def row(self, key: int) -> dict[str, Any]:
        return version(key, self.status, TIMES[self.age])


class Source:
    """Records, each under one date of one school; ids never return to another school."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._texts = iter(range(1_000_000))
        self.records: dict[int, tuple[ListId, Record]] = {}
        for key in range(1, 13):
            self.records[key] = (self._anywhere(key), self._version())

    def _anywhere(self, key: int) -> ListId:
        return self._random.choice(DATES), SCHOOLS[key % 2]

    def _version(self) -> Record:
        return Record(f"said {next(self._texts)}", self._random.randrange(len(TIMES)))

    def change(self) -> None:
        """Some records change, with a newer, an older, the same or no time; some move; some go; some come."""
        for key, (where, record) in list(self.records.items()):
            chance = self._random.random()
            if chance < 0.05:
                del self.records[key]
            elif chance < 0.2:
                self.records[key] = (where, self._version())
            elif chance < 0.35:
                self.records[key] = (self._anywhere(key), record)
            elif chance < 0.4:
                self.records[key] = (self._anywhere(key), self._version())
        if self._random.random() < 0.5:
            key = self._random.randrange(13, 20)
            self.records.setdefault(key, (self._anywhere(key), self._version()))

    def lists(self) -> Lists:
        """What a whole reading finds."""
        found: Lists = {}
        for key, (where, record) in self.records.items():
            found.setdefault(where, {})[key] = record
        return found


class Zone:
    """The landing zone, and the writes by which a fetch brings it to what the source says."""

    def __init__(self, pipeline: Pipeline, random: Random) -> None:
        self._pipeline = pipeline
        self._random = random
        self.lists: Lists = {}

    def writes(self, wanted: Lists) -> Iterator[Callable[[], None]]:
        """Arrivals, keeping what was there; then the lists as they are to be."""
        arrivals = [
            partial(self.put, where, self.lists.get(where, {}) | rows)
            for where, rows in self._shuffled(wanted)
            if rows.keys() - self.lists.get(where, {}).keys()
        ]
        rest = [
            partial(self.put, where, rows)
            for where, rows in self._shuffled({where: {} for where in self.lists} | wanted)
        ]
        yield from arrivals
        yield from rest

    def _shuffled(self, lists: Lists) -> list[tuple[ListId, dict[int, Record]]]:
        items = list(lists.items())
        self._random.shuffle(items)
        return items

    def put(self, where: ListId, rows: dict[int, Record]) -> None:
        """Write a list unless it is there already."""
        if self.lists.get(where) == rows:
            return
        day, school = where
        if rows:
            land(self._pipeline, day, *(record.row(key) for key, record in rows.items()), school=school)
        else:
            land_tombstone(self._pipeline, day, school, run=str(self._random.random()))
        self.lists[where] = rows

    def flip(self) -> None:
        """Let a list go to another version and back, so that its ETag is as it was."""
        where = self._random.choice(sorted(self.lists))
        rows = self.lists[where]
        self.put(where, {key: Record("for a moment", 3) for key in rows} or {99: Record("for a moment", 3)})
        self.put(where, rows)

    def winners(self) -> dict[int, tuple[str, date]]:
        """For each id, the newest version over all lists; on a tie the later date, the greater school."""
        best: dict[int, tuple[tuple[int, date, int], str]] = {}
        for (day, school), rows in self.lists.items():
            for key, record in rows.items():
                rank = (record.age, day, school)
                if key not in best or rank > best[key][0]:
                    best[key] = (rank, record.status)
        return {key: (status, rank[1]) for key, (rank, status) in best.items()}


class Witness:
    """What the table says after each commit: for each id the versions that it had; None while it is away."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._seen: dict[int, list[Said | None]] = {}

    def look(self) -> None:
        """Note what the table says now, where it is another thing than before."""
        now = {
            row["id"]: (row["attendance_status"], row["attendance_date"], row["modified_on"])
            for row in self._pipeline.query(SAID)
        }
        for key in self._seen.keys() | now.keys():
            seen = self._seen.setdefault(key, [])
            if (seen[-1] if seen else None) != now.get(key):
                seen.append(now.get(key))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look before each transaction that begins, and at the end."""

        def before(sql: str) -> None:
            if sql.startswith("BEGIN"):
                self.look()

        with self._pipeline.before_each_statement(before):
            yield
        self.look()

    def compare(self) -> None:
        """Each version that was seen is in the history once, with what became of it, or is current."""
        found = {
            key: [(*said_by(each.row), each.change, each.columns) for each in versions]
            for key, versions in self._pipeline.history().items()
        }
        assert found == {key: links for key, seen in self._seen.items() if (links := list(_links(seen)))}


def said_by(row: dict[str, Any]) -> Said:
    """What a row says that differs between versions here."""
    return row["attendance_status"], row["attendance_date"], row["modified_on"]


def _links(seen: list[Said | None]) -> Iterator[tuple[Any, ...]]:
    """Each version that was seen and is no longer, what became of it, and what changed."""
    names = ("attendance_status", "attendance_date", "modified_on")
    for said, following in pairwise(seen):
        if said is None:
            continue
        if following is None:
            yield (*said, "removed", [])
            continue
        differing = {name for name, one, other in zip(names, said, following, strict=True) if one != other}
        change = "moved" if "attendance_date" in differing else "updated"
        yield (*said, change, [name for name in NATIVE if name in differing])


class History:
    """One history: a source, a landing zone, loads, and what happens in the middle of a load."""

    def __init__(self, pipeline: Pipeline, seed: int) -> None:
        self.random = Random(seed)
        self._pipeline = pipeline
        self.source = Source(self.random)
        self.zone = Zone(pipeline, self.random)
        self.loading = Loading(pipeline)
        self.witness = Witness(pipeline)

    def step(self) -> None:
        """A fetch, perhaps dead in the middle, with loads before, in and after it."""
        writes = list(self.zone.writes(self.source.lists()))
        alive = self.random.randint(0, len(writes)) if self.random.random() < 0.3 else len(writes)
        middle = self.random.randint(0, alive)
        for write in writes[:middle]:
            write()
        if self.random.random() < 0.6:
            self._load_while(writes[middle:alive])
        else:
            for write in writes[middle:alive]:
                write()
        if self.random.random() < 0.5:
            self.load()
        self.source.change()

    def _load_while(self, writes: list[Callable[[], None]]) -> None:
        """Load, and carry out the writes at one moment of it, perhaps with a second load."""
        at = self.random.choice(
            ["CREATE TEMP TABLE staged", "LOCK", "CREATE TEMP TABLE settled", "COMMIT", "SELECT\n    day,"]
        )
        second = self.random.random() < 0.3 and at == "LOCK"

        def happen() -> None:
            for write in writes:
                write()
            if self.random.random() < 0.3 and self.zone.lists:
                self.zone.flip()
            if second:
                Loading(self._pipeline).load()
                self.witness.look()

        with once(self._pipeline, at, happen):
            self.load()

    def load(self) -> None:
        """Load; whoever is at the source and was in the table is in the table still."""
        before = statuses(self._pipeline).keys() & self.source.records.keys()
        with self.witness.watching():
            self.loading.load(dates=self.random.choice([1, 2, 366]))
        self.witness.compare()
        assert before - statuses(self._pipeline).keys() == set()


@contextmanager
def once(pipeline: Pipeline, text: str, act: Callable[[], None]) -> Iterator[None]:
    """Do this before the first statement that begins so; do it afterwards when none did."""
    waiting = [act]

    def before(sql: str) -> None:
        if sql.startswith(text) and waiting:
            waiting.pop()()

    with pipeline.before_each_statement(before):
        yield
    if waiting:
        waiting.pop()()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_table_is_what_the_lists_say(sandbox: Sandbox, seed: int) -> None:
    history = History(set_up(sandbox).pipeline, seed)
    for _ in range(STEPS):
        history.step()
    for write in history.zone.writes(history.source.lists()):
        write()
    history.load()
    history.load()
    assert statuses(history._pipeline) == history.zone.winners()
    said = history.loading.load()
    assert (said.counts["loaded"], said.counts["rows_read"], said.attention) == (0, 0, [])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_list_that_is_gone_keeps_its_rows_until_they_stand_elsewhere(sandbox: Sandbox, seed: int) -> None:
    history = History(set_up(sandbox).pipeline, seed)
    for write in history.zone.writes(history.source.lists()):
        write()
    history.load()
    winners = history.zone.winners()
    where = history.random.choice(sorted(history.zone.lists))
    rows = history.zone.lists.pop(where)
    take_away(history._pipeline, where[0], f"school_{where[1]}.parquet")
    history.load()
    assert statuses(history._pipeline) == winners
    history.source.records = {
        key: ((DATES[1], SCHOOLS[key % 2]), record) if key in rows else (place, record)
        for key, (place, record) in history.source.records.items()
    }
    for write in history.zone.writes(history.source.lists()):
        write()
    history.load()
    assert statuses(history._pipeline) == history.zone.winners()
