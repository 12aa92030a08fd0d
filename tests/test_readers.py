"""How schools are read side by side: what is asked for when, and what comes to whom."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable

import pytest

from attendance_common.command import show_nothing
from attendance_common.errors import SourceError
from attendance_common.fetch.packed_pages import PackedPage
from attendance_common.fetch.readers import PageCame, Readers, SchoolQueue, Settled, Task
from attendance_common.fetch.reading import Reading, reading_again, whole_reading
from tests.pages import page_of

Answer = PackedPage | BaseException


class InTurn(Readers):
    """Readers without threads: each task is answered when it is submitted; what was asked for is kept."""

    def __init__(self, read: Callable[[Task], Answer]) -> None:
        self._read_task = read
        self.events: queue.SimpleQueue[PageCame | Settled] = queue.SimpleQueue()
        self.asked: list[tuple[int, int]] = []

    def submit(self, task: Task) -> None:
        self.asked.append((task.reading.school_id, task.number))
        self.events.put(PageCame(task, self._read_task(task)))


def three_pages(task: Task) -> PackedPage:
    first = 10 * task.reading.school_id + 2 * task.number
    ids = {1: [first, first + 1], 2: [first, first + 1], 3: [first]}.get(task.number, [])
    return PackedPage(page_of(ids, 5, 3))


def read(
    schools: Iterable[int],
    readers: Readers,
    ahead: int = 4,
    settle: Callable[[Reading], Reading | None] = lambda _: None,
) -> list[Reading]:
    """The readings, in the order in which they were settled."""
    settled: list[Reading] = []

    def keep(reading: Reading) -> Reading | None:
        settled.append(reading)
        return settle(reading)

    readings = (whole_reading(school, 2) for school in schools)
    SchoolQueue(readings, readers, ahead, keep).read_all(show_nothing)
    return settled


def received(readings: Iterable[Reading]) -> dict[int, int]:
    return {reading.school_id: reading.received for reading in readings}


@pytest.mark.parametrize("ahead", [1, 2, 7, 100])
def test_every_school_is_read_whole(ahead: int) -> None:
    readers = InTurn(three_pages)
    assert received(read([1, 2, 3], readers, ahead)) == {1: 5, 2: 5, 3: 5}
    assert sorted(readers.asked) == [(school, number) for school in (1, 2, 3) for number in (1, 2, 3, 4)]


def test_a_school_is_opened_only_when_the_open_ones_have_no_page_left_to_ask_for() -> None:
    readers = InTurn(three_pages)
    read([1, 2, 3], readers, ahead=1)
    assert readers.asked == [(school, number) for school in (1, 2, 3) for number in (1, 2, 3, 4)]


def test_a_page_that_fails_does_not_stop_the_others() -> None:
    def answer(task: Task) -> Answer:
        broken = task.reading.school_id == 2 and task.number == 2
        return (
            SourceError("status 500, after 6 tries", what="school 2, page 2") if broken else three_pages(task)
        )

    readings = {reading.school_id: reading for reading in read([1, 2, 3], InTurn(answer))}
    assert received(readings.values()) == {1: 5, 2: 3, 3: 5}
    assert readings[2].gaps == {2: "page 2: status 500, after 6 tries"}


def test_a_second_look_is_read_at_once_and_settled_too() -> None:
    def settle(reading: Reading) -> Reading | None:
        again = reading.school_id == 1 and len(reading.pages) == 4
        return reading_again(reading, [2, 3]) if again else None

    readers = InTurn(three_pages)
    settled = read(range(1, 9), readers, 1, settle)
    assert [each.school_id for each in settled].count(1) == 2
    assert readers.asked.count((1, 2)) == readers.asked.count((1, 3)) == 2
    assert readers.asked.index((1, 3), 4) < readers.asked.index((8, 1))


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_bug_in_a_reader_is_raised_where_it_is_seen(error: type[BaseException]) -> None:
    with pytest.raises(error):
        read([1], InTurn(lambda _: error()))


def test_what_goes_wrong_while_a_school_is_written_is_raised() -> None:
    def settle(_: Reading) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read([1, 2, 3], InTurn(three_pages), 4, settle)


def test_no_schools() -> None:
    assert read([], InTurn(three_pages)) == []


def test_threads_answer_every_task() -> None:
    assert received(read(range(1, 9), Readers(4, three_pages), 8)) == dict.fromkeys(range(1, 9), 5)
