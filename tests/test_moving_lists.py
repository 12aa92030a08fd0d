"""A source whose list moves while its pages are read: what is there all the time is never removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.fetch.packed_pages import PackedPage, absent_page
from attendance_common.fetch.page import Page
from attendance_common.fetch.proof import is_proved, second_look
from attendance_common.fetch.reading import Reading, reading_again, whole_reading
from tests.pages import page_of
from tests.samples import SCHOOL

SIZE = 3


def day(number: int) -> dt.date:
    return dt.date(2025, 12, 1) + dt.timedelta(days=number)


@dataclass
class MovingSource:
    """A list of records, each under one date, sorted by it and served in pages.

    `telling`: what each page says of the list: both (records and pages), count, pages, first (both, on the
    first page alone), nothing. `changes` are drawn one before each request, `changes_to_come` at most.
    """

    chance: Random
    records: dict[int, int]  # id -> day
    telling: str
    changes: Sequence[str]
    changes_to_come: int
    next_id: int = 1000
    ever_gone: set[int] = field(default_factory=set)

    def change(self) -> None:
        """Insert, delete or redate a record."""
        self.changes_to_come -= 1
        kind = self.chance.choice(self.changes)
        if kind == "insert" or not self.records:
            self.records[self.next_id] = self.chance.randint(0, 6)
            self.next_id += 1
            return
        key = self.chance.choice(sorted(self.records))
        if kind == "redate":
            self.records[key] = self.chance.randint(0, 6)
        else:
            del self.records[key]
            self.ever_gone.add(key)

    def serve(self, number: int) -> Page:
        """A page as the list is now; there may be a change before."""
        if self.changes_to_come and self.chance.random() < 0.3:
            self.change()
        listed = sorted((on, key) for key, on in self.records.items())
        here = listed[(number - 1) * SIZE : number * SIZE]
        if not listed:
            return absent_page()
        tells = {"both": "cp", "count": "c", "pages": "p", "first": "cp" if number == 1 else ""}
        telling = tells.get(self.telling, "")
        count = len(listed) if "c" in telling else None
        pages = -(-len(listed) // SIZE) if "p" in telling else None
        return page_of([key for _, key in here], count, pages, days=[day(on) for on, _ in here])


def read(reading: Reading, source: MovingSource, at_once: int = 1) -> Reading:
    """Read with `at_once` requests under way; the source answers them, and answers arrive, in any order."""
    asked: list[int] = []
    answered: list[tuple[int, PackedPage]] = []
    for _ in range(5000):
        if reading.finished:
            return reading
        step = source.chance.choice(("ask", "answer", "arrive"))
        if step == "ask" and len(asked) + len(answered) < at_once:
            number = reading.next_page()
            asked += [] if number is None else [number]
        elif step == "answer" and asked:
            number = asked.pop(source.chance.randrange(len(asked)))
            answered.append((number, PackedPage(source.serve(number))))
        elif step == "arrive" and answered:
            reading.add(*answered.pop(source.chance.randrange(len(answered))))
    raise AssertionError("it never ends")


@dataclass
class Outcome:
    """What two looks at a school leave."""

    landed: set[int]
    removed: set[int]


def fetch(source: MovingSource, landed: dict[int, int], at_once: int = 1) -> Outcome:
    """Read the school as the fetcher does, over what is landed (id -> day)."""
    first = read(whole_reading(SCHOOL, SIZE), source, at_once)
    seen = set(first.contents.newest["id"])
    missing = {key: on for key, on in landed.items() if key not in seen}
    look = second_look(first, {day(on) for on in missing.values()}, 0)
    if look is None:
        return Outcome(seen | landed.keys(), set())
    again = whole_reading(SCHOOL, SIZE) if look.pages is None else reading_again(first, look.pages)
    second = read(again, source, at_once)
    seen |= set(second.contents.newest["id"])
    removed = missing.keys() - seen if is_proved(first, second) else set[int]()
    return Outcome((seen | landed.keys()) - removed, removed)


COUNTED, UNCOUNTED = ("both", "count", "first"), ("pages", "nothing")


def sources(
    changes: Sequence[str], most_changes: int, telling: Sequence[str] = COUNTED + UNCOUNTED
) -> st.SearchStrategy[MovingSource]:
    return st.builds(
        MovingSource,
        chance=st.integers(0, 2**32).map(Random),
        records=st.lists(st.integers(0, 6), max_size=16).map(lambda days: dict(enumerate(days))),
        telling=st.sampled_from(telling),
        changes=st.just(changes),
        changes_to_come=st.integers(0, most_changes),
    )


few = settings(max_examples=200, deadline=None)


@given(sources(["none"], 0), st.sets(st.integers(100, 105)), st.integers(1, 4))
@few
def test_of_a_list_at_rest_all_is_landed_and_what_is_gone_leaves(
    source: MovingSource, gone: set[int], at_once: int
) -> None:
    expected = set(source.records)
    outcome = fetch(source, {**source.records, **dict.fromkeys(gone, 3)}, at_once)
    assert (outcome.landed, outcome.removed) == (expected, gone)


# A count on the first page alone cannot see an insertion beside a move (docs/guarantees.md, among what
# is known not to hold): two changes are one too many there.
TWO_CHANGES = sources(
    ["insert", "delete", "redate"], 2, [each for each in COUNTED + UNCOUNTED if each != "first"]
)
ONE_CHANGE = sources(["insert", "delete", "redate"], 1, ["first"])


@given(TWO_CHANGES | ONE_CHANGE, st.sets(st.integers(100, 105)), st.integers(1, 4))
@settings(max_examples=1000, deadline=None)
def test_whatever_moves_what_was_there_all_the_time_stays(
    source: MovingSource, gone: set[int], at_once: int
) -> None:
    before = set(source.records)
    outcome = fetch(source, {**source.records, **dict.fromkeys(gone, 3)}, at_once)
    assert before - source.ever_gone <= outcome.landed
    assert outcome.removed <= gone | source.ever_gone


@given(sources(["insert", "delete", "redate"], 12), st.integers(1, 4))
@few
def test_whatever_moves_the_reading_ends(source: MovingSource, at_once: int) -> None:
    reading = read(whole_reading(SCHOOL, SIZE), source, at_once)
    assert reading.gaps == {}
    assert len(reading.pages) < 40
