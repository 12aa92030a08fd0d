"""A layout that grows: the setup file brings the kept layouts up to date, and a new column fills itself."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from attendance_common import tables
from attendance_common.columns import COLUMNS, NATIVE_COLUMNS
from attendance_common.load import layout_sql
from attendance_common.load.view import View
from attendance_common.tables import TableColumn
from tests.documents import ROOT
from tests.lists import NEW, TABLE, TUESDAY, land, version
from tests.pipeline import FETCHER, LOADER, SETUP, Finished, Pipeline, Running
from tests.sandbox import Sandbox
from tests.world import World

LAYOUTS = sorted((ROOT / "tests" / "layouts").glob("*.sql"))
KEPT = pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.stem)
LATER = "a column that a released version lacks is declared with added_in, after the others"

LOCAL = """\
SELECT table_name, column_name, ordinal_position, data_type, character_maximum_length, is_nullable
FROM svv_columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"""
EXTERNAL = """\
SELECT columnname, external_type, columnnum, part_key
FROM svv_external_columns ORDER BY part_key, columnnum"""
VIEWS = "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY viewname"


def layout(pipeline: Pipeline) -> dict[str, Any]:
    """What the setup file made."""
    return {text: pipeline.query(text) for text in (LOCAL, EXTERNAL, VIEWS)}


def run_setup(pipeline: Pipeline, path: str | Path = SETUP) -> list[str]:
    """What a setup file said that it did."""
    done = pipeline.psql("-f", str(path))
    assert done.returncode == 0, done.stderr
    return [
        line for line in done.stdout.splitlines() if re.search(": created|: column .* added|made anew", line)
    ]


def added_later(columns: Iterable[TableColumn]) -> list[str]:
    """The names of columns that the first version did not have."""
    return [column.name for column in columns if column.added_in is not None]


@KEPT
def test_a_kept_layout_is_brought_up_to_date(sandbox: Sandbox, path: Path) -> None:
    pipeline = Pipeline(sandbox)
    run_setup(pipeline)
    fresh = layout(pipeline)
    sandbox.reset()
    run_setup(pipeline, path)
    land(pipeline, TUESDAY, version(1, "said", NEW))
    run_setup(pipeline)
    assert layout(pipeline) == fresh, LATER
    assert run_setup(pipeline) == []
    assert layout(pipeline) == fresh
    assert pipeline.load().status == 0


def test_the_setup_of_a_new_cluster_reports_each_table_once(sandbox: Sandbox) -> None:
    pipeline = Pipeline(sandbox)
    every: tuple[tables.Table | tables.ExternalTable, ...] = (tables.EXTERNAL, *tables.NATIVE_TABLES)
    created = {f"{each.qualified}: created" for each in tables.NATIVE_TABLES}
    added = {f"{each.qualified}: column {name} added" for each in every for name in added_later(each.columns)}
    lines = run_setup(pipeline)
    assert (set(lines), len(lines)) == (created | added, len(created | added))
    assert run_setup(pipeline) == []


# --- one line in the declaration ----------------------------------------------------------------------------


class Version:
    """A later version of the project, in a directory of its own, with one more line in its declaration."""

    LINE = """    _column("roomColor", Kind.TEXT, "Color of the room.", 32, added_in="1.1.0"),\n"""

    def __init__(self, pipeline: Pipeline, directory: Path) -> None:
        self._pipeline = pipeline
        self._directory = directory
        shutil.copytree(ROOT / "attendance_common", directory / "attendance_common")
        for name in (FETCHER, LOADER):
            shutil.copy(ROOT / name, directory)
        columns = directory / "attendance_common" / "columns.py"
        text = columns.read_text(encoding="utf-8")
        end = text.index("\n)\n", text.index("COLUMNS: tuple")) + 1
        columns.write_text(text[:end] + self.LINE + text[end:], encoding="utf-8")

    def setup(self) -> list[str]:
        """Render its setup file as `make sql` does, and run it."""
        code = "from attendance_common.load import setup_sql; print(setup_sql.render())"
        rendered = self._run("-c", code)
        path = self._directory / SETUP
        path.write_text(rendered.output, encoding="utf-8")
        return run_setup(self._pipeline, path)

    def run(self, script: str, *flags: str) -> Finished:
        """Run one of its scripts."""
        return self._run(script, *flags)

    def _run(self, *arguments: str) -> Finished:
        environment = self._pipeline.sandbox.process_environment()
        command = [sys.executable, *arguments]
        if arguments[0] == "-c":  # what it prints is no result line
            command = [sys.executable, "-c", f"{arguments[1]}; print('{{}}')"]
        done = Running.cold(command, environment, self._directory).end()
        return Finished(done.status, done.result, done.story, done.output.removesuffix("{}\n"))


def test_a_column_that_the_source_adds_fills_itself(world: World, tmp_path: Path) -> None:
    world.run()
    school, pipeline = world.first, world.pipeline
    changed = world.source.records(school)[0]
    world.change(school, changed["id"], roomColor="blue", modifiedOn="2030-01-01T00:00:00Z")
    later = Version(pipeline, tmp_path)
    refused = later.run(LOADER)
    assert refused.status == 2, refused.story
    assert "run redshift_period_attendance_setup.sql with psql" in refused.result["error"]
    assert later.setup() == [
        "esd_spectrum.period_attendance: column room_color added",
        "public.period_attendance: column room_color added",
        "public.period_attendance_history: column room_color added",
        "The views were made anew, since columns of theirs are new: grant the rights on them again.",
    ]
    assert later.setup() == []
    fetched, loaded = later.run(FETCHER), later.run(LOADER)
    assert (fetched.status, loaded.status) == (0, 0), fetched.story + loaded.story
    assert (loaded.result["updated"], loaded.result["inserted"]) == (1, 0)
    after = pipeline.table()
    colors = {key: row.pop("room_color") for key, row in after.items()}
    assert {key: color for key, color in colors.items() if color is not None} == {changed["id"]: "blue"}
    world.publish()
    world.table.load(world.landed)
    assert after == world.table.rows
    again = later.run(LOADER)
    assert (again.status, again.result["loaded"]) == (0, 0)


# --- what is declared ---------------------------------------------------------------------------------------


def test_later_columns_are_declared_after_the_first() -> None:
    for columns in (COLUMNS, [each for each in NATIVE_COLUMNS if each.native_after is None]):
        later = [column.added_in is not None for column in columns]
        assert later == sorted(later)


def test_a_later_column_is_added_where_it_is_missing() -> None:
    first, later = TableColumn("a", "BIGINT", "A."), TableColumn("b", "VARCHAR(9)", "B.", True, "1.1.0")
    table = tables.Table("public", "t", "T.", "T.", (later, first), "ALL", ())
    assert layout_sql.first_columns(table.columns) == [first]
    [text] = layout_sql.add_columns(table)
    assert (
        text
        == """\
-- Since 1.1.0.
SELECT COUNT(*) = 0 AS column_is_missing
FROM svv_columns
WHERE table_schema = 'public'
    AND table_name = 't'
    AND column_name = 'b'
\\gset

\\if :column_is_missing
ALTER TABLE public.t ADD COLUMN b VARCHAR(9) DEFAULT '' NOT NULL;
\\echo public.t: column b added
\\endif
"""
    )


def test_views_are_dropped_only_for_a_later_column() -> None:
    first, later = TableColumn("a", "BIGINT", "A."), TableColumn("b", "BIGINT", "B.", added_in="1.1.0")
    one = View("public", "one", "One.", "One.", (first,), "SELECT a FROM public.t")
    two = View("public", "two", "Two.", "Two.", (first, later), "SELECT a, b FROM public.t")
    assert list(layout_sql.drop_changed_views([one])) == []
    [text] = layout_sql.drop_changed_views([one, two])
    assert "(viewname = 'two' AND STRPOS(definition, 'b') = 0)" in text
    assert text.index("DROP VIEW IF EXISTS public.two") < text.index("DROP VIEW IF EXISTS public.one")


def test_a_table_that_lacks_a_first_column_is_no_earlier_version(sandbox: Sandbox) -> None:
    pipeline = Pipeline(sandbox)
    run_setup(pipeline)
    pipeline.query(f"ALTER TABLE {TABLE} DROP COLUMN comment")
    refused = pipeline.load()
    assert refused.status == 2
    assert "which every version had" in refused.result["error"]
