"""A source whose list moves while its pages are read: what is published is complete, or nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.fetch.completeness import SchoolReading
from attendance_common.fetch.packed_pages import HeldPage, absent_page
from attendance_common.fetch.page import Page
from tests.pages import BEGUN, page_of, rows_of
from tests.samples import SCHOOL


@dataclass
class MovingSource:
    """A list of ids, served in pages; every third record cannot be landed when `some_bad`."""

    chance: Random
    ids: list[int]
    page_size: int
    telling: str  # of the list: both, count, 404 (both, and 404 beyond the end), pages, count once, nothing
    some_bad: bool
    changes: Sequence[str]
    changes_left: int
    next_id: int = 1000
    deleted: set[int] = field(default_factory=set)
    served_last: list[int] = field(default_factory=list)

    def change(self) -> None:
        """Insert, move or delete a row at a random place."""
        self.changes_left -= 1
        kind = self.chance.choice(self.changes)
        if kind == "insert":
            self.ids.insert(self.chance.randint(0, len(self.ids)), self.next_id)
            self.next_id += 1
        elif self.ids:
            taken = self.ids.pop(self.chance.randrange(len(self.ids)))
            if kind == "move":
                self.ids.insert(self.chance.randint(0, len(self.ids)), taken)
            else:
                self.deleted.add(taken)

    def serve(self, number: int) -> Page:
        self.served_last = list(self.ids)
        start = (number - 1) * self.page_size
        here = self.ids[start : start + self.page_size]
        if not here and self.telling == "404":
            return absent_page(number)
        bad = [each for each in here if self.some_bad and each % 3 == 0]
        pages = (
            None
            if self.telling in ("count", "count once", "nothing")
            else -(-len(self.ids) // self.page_size)
        )
        uncounted = self.telling in UNCOUNTED and (self.telling, number) != ("count once", 1)
        count = None if uncounted else len(self.ids)
        return page_of([each for each in here if each not in bad], count, pages, bad=bad)


def read_whole(source: MovingSource, at_once: int) -> SchoolReading:
    """Read with `at_once` requests under way; the source answers them, and answers arrive, in any order."""
    chance = source.chance
    reading = SchoolReading(SCHOOL, 3, BEGUN)
    asked: list[int] = []
    answered: list[tuple[int, HeldPage]] = []
    steps = 0
    while not reading.finished:
        steps += 1
        assert steps < 5000
        step = chance.choice(("ask", "answer", "arrive", "change"))
        if step == "ask" and len(asked) + len(answered) < at_once:
            number = reading.next_page()
            asked += [] if number is None else [number]
        elif step == "answer" and asked:
            number = asked.pop(chance.randrange(len(asked)))
            answered.append((number, HeldPage(source.serve(number))))
        elif step == "arrive" and answered:
            reading.add(*answered.pop(chance.randrange(len(answered))))
        elif step == "change" and source.changes_left:
            source.change()
    return reading


COUNTED = ("both", "count", "404")


def sources(
    changes: Sequence[str],
    most_changes: int,
    telling: Sequence[str] = COUNTED,
    sizes: Sequence[int] = (3, 3, 2),
) -> st.SearchStrategy[MovingSource]:
    return st.builds(
        MovingSource,
        chance=st.integers(0, 2**32).map(Random),
        ids=st.integers(0, 14).map(lambda count: list(range(1, count + 1))),
        page_size=st.sampled_from(sizes),
        telling=st.sampled_from(telling),
        some_bad=st.booleans(),
        changes=st.just(changes),
        changes_left=st.integers(0, most_changes),
    )


def held(reading: SchoolReading) -> list[int]:
    """The ids that were landed or quarantined."""
    return sorted([*rows_of(reading)["id"], *(r.record_id or 0 for r in reading.rejections())])


few = settings(max_examples=150, deadline=None)


@given(sources(["none"], 0), st.integers(1, 4))
@few
def test_a_list_at_rest_is_read_whole_at_once(source: MovingSource, at_once: int) -> None:
    expected = list(source.ids)
    reading = read_whole(source, at_once)
    assert reading.fault() is None
    assert held(reading) == expected


@given(sources(["insert", "move"], 6), st.integers(1, 4))
@few
def test_without_a_deletion_what_is_published_is_the_last_list(source: MovingSource, at_once: int) -> None:
    reading = read_whole(source, at_once)
    if reading.fault() is None:
        assert set(held(reading)) == set(source.served_last)
        assert rows_of(reading)["id"].is_unique().all()


@given(sources(["delete"], 4), st.integers(1, 4))
@few
def test_after_deletions_alone_no_row_that_stayed_is_missing(source: MovingSource, at_once: int) -> None:
    start = set(source.ids)
    reading = read_whole(source, at_once)
    if reading.fault() is None:
        assert start - source.deleted <= set(held(reading)) <= start


UNCOUNTED = ("pages", "count once", "nothing")


@given(sources(["none"], 0, UNCOUNTED, [3]), st.integers(1, 4))
@few
def test_an_uncounted_list_at_rest_is_read_whole_at_once(source: MovingSource, at_once: int) -> None:
    expected = list(source.ids)
    reading = read_whole(source, at_once)
    assert (reading.fault(), held(reading)) == (None, expected)


@given(sources(["insert", "delete"], 4, UNCOUNTED, [3]), st.integers(1, 4))
@settings(max_examples=400, deadline=None)
def test_of_an_uncounted_list_no_row_that_stayed_is_missing(source: MovingSource, at_once: int) -> None:
    start = set(source.ids)
    reading = read_whole(source, at_once)
    if reading.fault() is None:
        assert start - source.deleted <= set(held(reading))


@given(sources(["insert", "move", "delete"], 8, COUNTED + UNCOUNTED), st.integers(1, 4))
@few
def test_whatever_moves_the_reading_ends(source: MovingSource, at_once: int) -> None:
    reading = read_whole(source, at_once)
    fault = reading.fault()
    assert fault is None or fault.strip()
