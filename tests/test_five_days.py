"""Five days of changes, fetched and loaded as processes; the documents' queries have literal answers."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from tests.documents import blocks
from tests.pipeline import LOADER, PATIENCE, paused_at
from tests.sandbox import Options, Sandbox
from tests.world import World, set_up

VERSIONS, BELIEVED, CORRECTIONS = (
    block.rstrip().removesuffix(";") for block in blocks("What did it say before?", "sql")
)
TABLES = {
    "period_attendance": ["loaded_at"],
    "period_attendance_places": ["loaded_at"],
    "period_attendance_history": ["valid_from", "valid_to"],
}


def load_time(day: int) -> datetime:
    """When the load of a night was, as the test has it."""
    return datetime(2025, 12, day, 2, 30)


class Story:
    """The source of one school, and its nights."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.world = set_up(sandbox)
        self.school = self.world.first
        template = self.world.source.records(self.school)[0]
        self._like = {**template, "comment": None, "createdOn": "2025-08-01T07:00:00Z"}
        self.world.source.set_records(self.school, [])

    def put(self, key: int, day: str, status: str, modified_on: str | None, **fields: Any) -> None:
        record = {"id": key, "studentId": 7000 + key, "date": day, "attendanceStatus": status}
        self.world.source.put(self.school, [{**self._like, **record, "modifiedOn": modified_on, **fields}])

    def night(self, day: int) -> None:
        """Fetch and load; then let the load have been on this day of December, at 02:30."""
        fetched = self.world.pipeline.fetch("--school", str(self.school))
        assert fetched.status == 0, fetched.story
        loaded = self.world.pipeline.load()
        assert loaded.status == 0, loaded.story
        for table, columns in TABLES.items():
            for column in columns:
                self.world.pipeline.query(
                    f"UPDATE public.{table} SET {column} = '{load_time(day)}' WHERE {column} > '2026-01-01'"
                )

    def kill_a_load(self) -> None:
        """Fetch, and kill the load when it has written the history and not the table."""
        assert self.world.pipeline.fetch("--school", str(self.school)).status == 0
        with paused_at(self.world.pipeline, "INSERT INTO public.period_attendance (") as (reached, _):
            running = self.world.pipeline.start(LOADER)
            assert reached.wait(PATIENCE)
            running.send(signal.SIGKILL)
            assert running.end().status == -9

    def answer(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.world.pipeline.query(query)]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    with Sandbox(Options(schools=1, records=1, days=1)) as sandbox:
        story = Story(sandbox)
        play(story)
        yield story


def play(story: Story) -> None:
    story.put(101, "12-01-2025", "Present", "2025-12-01T09:00:00Z")
    story.put(102, "12-01-2025", "Absent", "2025-12-01T09:00:00Z")
    story.put(103, "12-01-2025", "Absent", None)
    story.put(104, "12-01-2025", "Present", "2025-12-01T09:00:00Z")
    story.put(105, "10-01-2025", "Present", "2025-10-01T09:00:00Z")
    story.put(106, "11-14-2025", "Present", "2025-11-14T09:00:00Z")
    story.night(2)
    story.put(101, "12-01-2025", "Tardy", "2025-12-02T10:00:00Z", comment="bus")
    story.kill_a_load()
    story.night(3)
    story.put(102, "12-02-2025", "Present", "2025-12-03T10:00:00Z")
    story.world.source.remove(story.school, 103)
    story.night(4)
    story.put(101, "12-01-2025", "Present", "2025-12-04T10:00:00Z", comment="bus")
    story.night(5)
    story.put(103, "12-01-2025", "Absent", None)
    story.put(104, "12-01-2025", "Present", "2025-12-01T09:00:00Z", comment="no newer time")
    story.put(105, "10-01-2025", "Absent", "2025-12-05T10:00:00Z")
    story.put(106, "11-14-2025", "Absent", "2025-12-05T10:00:00Z")
    story.night(6)


MONDAY, TUESDAY = date(2025, 12, 1), date(2025, 12, 2)
OF_101 = [
    (
        load_time(2),
        load_time(3),
        "updated",
        "attendance_status, comment, modified_on",
        MONDAY,
        "Present",
    ),
    (load_time(3), load_time(5), "updated", "attendance_status, modified_on", MONDAY, "Tardy"),
    (load_time(5), None, None, None, MONDAY, "Present"),
]
OF_102 = [
    (
        load_time(2),
        load_time(4),
        "moved",
        "attendance_date, attendance_status, modified_on",
        MONDAY,
        "Absent",
    ),
    (load_time(4), None, None, None, TUESDAY, "Present"),
]
OF_103 = [
    (load_time(2), load_time(4), "removed", None, MONDAY, "Absent"),
    (load_time(6), None, None, None, MONDAY, "Absent"),
]


@pytest.mark.parametrize(("key", "versions"), [(101, OF_101), (102, OF_102), (103, OF_103)])
def test_the_versions_of_one_record(story: Story, key: int, versions: list[Any]) -> None:
    assert story.answer(VERSIONS.replace("101", str(key))) == versions


FIRST_NIGHT = [
    (MONDAY, 7101, 101, "Present"),
    (MONDAY, 7102, 102, "Absent"),
    (MONDAY, 7103, 103, "Absent"),
    (MONDAY, 7104, 104, "Present"),
]


@pytest.mark.parametrize(
    ("moment", "believed"),
    [
        ("2025-12-02 02:29:59", []),
        ("2025-12-02 02:30:00", FIRST_NIGHT),
        ("2025-12-03 02:29:59", FIRST_NIGHT),
        ("2025-12-03 02:30:00", [(MONDAY, 7101, 101, "Tardy"), *FIRST_NIGHT[1:]]),
        (
            "2025-12-04 07:00:00",
            [(MONDAY, 7101, 101, "Tardy"), FIRST_NIGHT[3], (TUESDAY, 7102, 102, "Present")],
        ),
        ("2025-12-05 07:00:00", [FIRST_NIGHT[0], FIRST_NIGHT[3], (TUESDAY, 7102, 102, "Present")]),
        (
            "2026-12-05 07:00:00",
            [FIRST_NIGHT[0], *FIRST_NIGHT[2:], (TUESDAY, 7102, 102, "Present")],
        ),
    ],
)
def test_attendance_as_it_was_believed_at_a_time(story: Story, moment: str, believed: list[Any]) -> None:
    assert "'2025-12-04 07:00:00'" in BELIEVED
    assert story.answer(BELIEVED.replace("2025-12-04 07:00:00", moment)) == believed


def test_how_late_corrections_come(story: Story) -> None:
    assert story.answer(CORRECTIONS) == [
        (story.school, date(2025, 9, 29), 2, 1, 0, 0, 1),
        (story.school, date(2025, 11, 10), 2, 1, 0, 1, 0),
        (story.school, date(2025, 12, 1), 7, 3, 4, 0, 0),
    ]


def test_what_is_current_is_the_table_and_nothing_else_happened(story: Story) -> None:
    world: World = story.world
    assert world.pipeline.history().keys() == {101, 102, 103, 104, 105, 106}
    assert sum(map(len, world.pipeline.history().values())) == 7
    current = world.pipeline.query(
        "SELECT * FROM public.period_attendance_versions WHERE valid_to IS NULL ORDER BY id"
    )
    table = world.pipeline.table()
    assert [{name: row[name] for name in table[row["id"]]} for row in current] == list(
        dict(sorted(table.items())).values()
    )


def test_an_unchanged_night_adds_no_version(story: Story) -> None:
    before = story.answer("SELECT COUNT(*) AS n FROM public.period_attendance_history")
    story.night(7)
    assert story.answer("SELECT COUNT(*) AS n FROM public.period_attendance_history") == before
