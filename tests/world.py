"""The pipeline beside the model of what it must leave."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from tests.documents import ROOT
from tests.model import Landed, Row, Table
from tests.pipeline import SETUP, Pipeline
from tests.sandbox import Sandbox


class World:
    """The pipeline beside the model of what it must leave."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.pipeline = Pipeline(sandbox)
        self.bucket = self.pipeline.bucket
        self.esd = sandbox.esd
        self.source = sandbox.source
        self.landed = Landed()
        self.table = Table()

    @property
    def schools(self) -> list[int]:
        return [school["id"] for school in self.source.schools]

    @property
    def first(self) -> int:
        return self.schools[0]

    def run(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Fetch and load; both must end well, and everything must be as the model says."""
        fetched, loaded = self.pipeline.fetch(), self.pipeline.load()
        assert (fetched.status, loaded.status) == (0, 0), fetched.story + loaded.story
        self.follow()
        return fetched.result, loaded.result

    def follow(self, *, failed: Container[int] = ()) -> None:
        """Let the model do what the scripts did, and compare; schools that failed stay as they were."""
        self.publish(failed=failed)
        self.table.load(self.landed)
        self.compare()

    def publish(self, *, failed: Container[int] = ()) -> None:
        """Let the model land what the source says now."""
        for school in self.schools:
            if school not in failed:
                self.landed.publish(school, self.source.records(school))

    def compare(self) -> None:
        """The landing zone, the table and its history hold what the model holds."""
        self.compare_landing()
        self.compare_table()

    def compare_table(self) -> None:
        """The table and its history hold what the model holds."""
        assert self.pipeline.table() == self.table.rows
        assert self.pipeline.history() == self.table.history

    def compare_landing(self) -> None:
        """Every object holds its list, in its versions, sorted by id."""
        landed = {
            place: [tuple(row[name] for name in COMPARED) for row in rows]
            for place, rows in self.pipeline.bucket.landed().items()
        }
        expected = {
            place: [_compared(rows[key]) for key in sorted(rows)] for place, rows in self.landed.lists.items()
        }
        assert landed.keys() == expected.keys()
        for place, rows in expected.items():
            assert landed[place] == rows, place

    def change(self, school: int, record_id: int, **fields: Any) -> None:
        """Change fields of a record at the source."""
        self.source.put(school, [{**self.source.find(school, record_id), **fields}])


# Columns of the landing zone that have the native table's name and tell versions of a record apart.
COMPARED = ("id", "school_id", "student_id", "attendance_status", "minutes_missed", "comment", "modified_on")


def _compared(row: Row) -> tuple[Any, ...]:
    modified = row["modified_on"]
    text = modified and modified.isoformat(sep=" ", timespec="microseconds")
    return (*(row[name] for name in COMPARED[:-1]), text)


def set_up(sandbox: Sandbox) -> World:
    """A world whose tables are made; the sandbox is as it was at the start.

    The setup file's comments on tables are left out: they are half of its statements, and thousands of tests
    run it. The whole file is run where it is what is tested.
    """
    world = World(sandbox)
    brief = sandbox.directory / "setup_without_comments.sql"
    if not brief.exists():
        lines = (ROOT / SETUP).read_text(encoding="utf-8").splitlines(keepends=True)
        brief.write_text("".join(line for line in lines if not line.startswith("COMMENT ")), encoding="utf-8")
    done = world.pipeline.psql("-f", str(brief))
    assert done.returncode == 0, done.stderr
    return world
