"""The setup file against the specification, and what psql does with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from attendance_common import tables
from attendance_common.columns import COLUMNS
from attendance_common.load import merge_sql, run_rows
from attendance_common.load.view import View
from attendance_common.load.views import VIEWS
from tests.test_columns import EXTERNAL_NAMES, NATIVE_NAMES

SCRIPT = Path(__file__).parent.parent / "redshift_period_attendance_setup.sql"
OWNERS_PREFIX = "raw_esd/incoming/periodAttendance/operational/landing/unnested_period_attendance/"


def script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


def setup_statements() -> list[str]:
    """Every statement, both branches of a condition, as the server would get it."""
    text = re.sub(r"--.*", "", script())
    text = re.sub(r"^\\gset", ";", text, flags=re.MULTILINE)  # it sends the query before it
    text = re.sub(r"^\\.*", "", text, flags=re.MULTILINE)
    text = re.sub(r":'(\w+)'", r"'\1'", text)
    statements = re.findall(r"(?:'[^']*'|[^';])+", text)
    return [statement.strip() for statement in statements if statement.strip()]


def table(start: str) -> tuple[list[tuple[str, str]], str]:
    """A table's columns (name, type and constraints), those that are added later, and what follows them."""
    [statement] = [each for each in setup_statements() if each.startswith(start + " (")]
    inside, behind = statement[len(start) + 2 :].split("\n)", 1)
    lines = [line.strip().rstrip(",") for line in inside.strip().splitlines()]
    adding = f"ALTER TABLE {start.rsplit(maxsplit=1)[-1]} ADD COLUMN "
    lines += [each.removeprefix(adding) for each in setup_statements() if each.startswith(adding)]
    columns = [line.split(None, 1) for line in lines]
    return [(name, kind) for name, kind in columns], " ".join(behind.split())


EXTERNAL, BEHIND_EXTERNAL = table("CREATE EXTERNAL TABLE esd_spectrum.period_attendance")
NATIVE, BEHIND_NATIVE = table("CREATE TABLE IF NOT EXISTS public.period_attendance")
LISTS, BEHIND_LISTS = table("CREATE TABLE IF NOT EXISTS public.period_attendance_lists")
PLACES, BEHIND_PLACES = table("CREATE TABLE IF NOT EXISTS public.period_attendance_places")
HISTORY, BEHIND_HISTORY = table("CREATE TABLE IF NOT EXISTS public.period_attendance_history")
RUNS, BEHIND_RUNS = table("CREATE TABLE IF NOT EXISTS public.period_attendance_runs")
RUN_SCHOOLS, BEHIND_RUN_SCHOOLS = table("CREATE TABLE IF NOT EXISTS public.period_attendance_run_schools")


def test_the_external_table_has_the_specifications_columns() -> None:
    assert [name for name, _ in EXTERNAL] == EXTERNAL_NAMES
    assert dict(EXTERNAL)["date"] == "VARCHAR(10)"


def test_the_external_table_is_partitioned_parquet_below_the_landing_zone() -> None:
    partitions = "PARTITIONED BY (year INTEGER, month INTEGER, day INTEGER)"
    expected = f"{partitions} STORED AS PARQUET LOCATION 'location'"
    assert expected == BEHIND_EXTERNAL


def test_the_native_table_has_the_specifications_columns() -> None:
    lineage = ["source_file", "loaded_at"]
    assert [name for name, _ in NATIVE if name not in lineage] == NATIVE_NAMES
    assert [name for name, _ in NATIVE if name in lineage] == lineage
    kinds = {name: kind.removesuffix(" NOT NULL") for name, kind in NATIVE}
    assert kinds["attendance_date"] == "DATE"
    assert kinds["created_on"] == kinds["modified_on"] == kinds["loaded_at"] == "TIMESTAMP"


def test_what_every_row_has_may_not_be_null() -> None:
    required = {name for name, kind in NATIVE if kind.endswith("NOT NULL")}
    given = {"source_file", "loaded_at"}
    assert required == {"id", "school_id", "attendance_date", "student_id"} | given


def test_the_native_table_is_distributed_by_student_and_sorted_by_date() -> None:
    assert (
        BEHIND_NATIVE == "DISTSTYLE KEY DISTKEY (student_id) COMPOUND SORTKEY (attendance_date, student_id)"
    )


def test_the_loaders_own_tables_are_what_it_writes() -> None:
    for name, columns, (text, _) in (
        ("lists", LISTS, (merge_sql.INSERT_LISTS, ())),
        ("places", PLACES, (merge_sql.INSERT_PLACES, ())),
        ("runs", RUNS, (run_rows.INSERT_RUNS, ())),
        ("run_schools", RUN_SCHOOLS, (run_rows.INSERT_SCHOOLS, ())),
    ):
        written = re.search(rf"period_attendance_{name} \(([^)]*)\)", text)
        assert written is not None
        assert [column for column, _ in columns] == re.split(r",\s+", written[1].strip())


def test_the_rows_of_a_run_and_of_its_schools_lie_on_one_slice_by_time() -> None:
    assert BEHIND_RUNS == "DISTSTYLE KEY DISTKEY (run) SORTKEY (began)"
    assert BEHIND_RUN_SCHOOLS == "DISTSTYLE KEY DISTKEY (run) COMPOUND SORTKEY (began, school_id)"


def test_places_are_found_by_id_on_one_slice_and_by_list_in_few_blocks() -> None:
    assert BEHIND_PLACES == "DISTSTYLE KEY DISTKEY (id) COMPOUND SORTKEY (partition_date, school_id)"
    assert BEHIND_LISTS == "DISTSTYLE ALL COMPOUND SORTKEY (partition_date, school_id)"
    assert dict(LISTS)["etag"] == "VARCHAR(256)"  # NULL: the object is gone; or an older table's name


def test_the_history_has_the_columns_of_the_native_table_and_lies_as_it_does() -> None:
    own = [
        ("valid_from", "TIMESTAMP NOT NULL"),
        ("valid_to", "TIMESTAMP NOT NULL"),
        ("change", "VARCHAR(8) NOT NULL"),
        ("changed_columns", "VARCHAR(4096)"),
        ("run", "VARCHAR(64) NOT NULL"),
    ]
    assert [each for each in HISTORY if each not in own] == [
        each for each in NATIVE if each[0] != "loaded_at"
    ]
    assert [each for each in HISTORY if each in own] == own
    assert BEHIND_HISTORY == BEHIND_NATIVE


def test_no_key_is_declared_that_redshift_would_not_enforce_but_plan_by() -> None:
    for columns, behind in (
        (NATIVE, BEHIND_NATIVE),
        (LISTS, BEHIND_LISTS),
        (PLACES, BEHIND_PLACES),
        (HISTORY, BEHIND_HISTORY),
        (RUNS, BEHIND_RUNS),
        (RUN_SCHOOLS, BEHIND_RUN_SCHOOLS),
    ):
        assert not re.search("PRIMARY|UNIQUE|REFERENCES", behind + str(columns))


def test_another_run_changes_nothing() -> None:
    creating = [each.split("(")[0] for each in setup_statements() if each.startswith("CREATE")]
    harmless = "IF NOT EXISTS|OR REPLACE VIEW"
    guarded = [each for each in creating if not re.search(harmless, each.split("\n")[0])]
    assert [each.strip() for each in guarded] == ["CREATE EXTERNAL TABLE esd_spectrum.period_attendance"]
    before = script().split("CREATE EXTERNAL TABLE esd_spectrum")[0].rstrip().splitlines()
    assert before[-1] == r"\if :external_table_is_missing"


def test_nothing_runs_in_a_transaction_and_an_error_ends_the_script() -> None:
    assert not any(re.match("BEGIN|START|COMMIT|END", each) for each in setup_statements())
    assert r"\set ON_ERROR_STOP on" in script().splitlines()


@pytest.mark.parametrize(("variable", "value"), [("bucket", "edna-prod"), ("prefix", OWNERS_PREFIX)])
def test_a_variable_that_is_not_set_is_the_owners(variable: str, value: str) -> None:
    assert rf"\if :{{?{variable}}} \else \set {variable} {value}" in script().splitlines()


def test_the_setup_only_creates_looks_explains_and_adds_columns() -> None:
    changing = [each for each in setup_statements() if not re.match("CREATE|SELECT|INSERT|COMMENT", each)]
    assert all(re.match("ALTER TABLE [a-z_.]+ ADD COLUMN |DROP VIEW IF EXISTS ", each) for each in changing)
    every = [*tables.EXTERNAL.columns, *(column for each in tables.NATIVE_TABLES for column in each.columns)]
    assert bool(changing) == any(column.added_in for column in every)
    inserted = [each.split("\n")[0] for each in setup_statements() if each.startswith("INSERT")]
    assert inserted == ["INSERT INTO public.attendance_status_codes (status, meaning)"]
    before = script().split("INSERT INTO")[0].rstrip().splitlines()
    assert before[-1] == r"\if :attendance_status_codes_is_empty"


# --- what tables and columns mean ---------------------------------------------------------------------------


def test_every_table_that_is_declared_is_set_up() -> None:
    declared = [each for each in vars(tables).values() if isinstance(each, tables.Table)]
    assert sorted(each.name for each in declared) == sorted(each.name for each in tables.NATIVE_TABLES)


MEANINGS = [
    *((column.name, column.meaning) for column in COLUMNS),
    *((column.name, column.meaning) for table in tables.NATIVE_TABLES for column in table.columns),
    *((table.name, table.meaning) for table in tables.NATIVE_TABLES),
    *((column.name, column.meaning) for view in VIEWS for column in view.columns),
    *((view.name, view.meaning) for view in VIEWS),
]


@pytest.mark.parametrize(("name", "meaning"), MEANINGS)
def test_a_meaning_is_a_sentence_that_any_client_can_send(name: str, meaning: str) -> None:
    assert re.fullmatch(r"[A-Z].*\.", meaning)
    assert meaning.isascii()
    assert "\\" not in meaning


@pytest.mark.parametrize("name", ["created_on", "modified_on", "loaded_at", "valid_from", "valid_to"])
def test_a_times_meaning_says_utc(name: str) -> None:
    meanings = [meaning for column, meaning in MEANINGS if column == name]
    assert meanings
    assert all("in UTC" in meaning for meaning in meanings)


def commented(view: View) -> list[str]:
    """What of a view has a comment."""
    columns = () if view.late_binding else view.columns
    return [f"VIEW {view.qualified}", *(f"COLUMN {view.qualified}.{column.name}" for column in columns)]


def explained(name: str) -> list[str]:
    """What of a table has a comment: itself and every column that the file creates or adds."""
    columns, _ = table(f"CREATE TABLE IF NOT EXISTS {name}")
    return [f"TABLE {name}", *(f"COLUMN {name}.{column}" for column, _ in columns)]


def test_every_table_and_column_has_its_meaning() -> None:
    comments = [each for each in setup_statements() if each.startswith("COMMENT")]
    assert sorted(each.split(" IS ")[0].removeprefix("COMMENT ON ") for each in comments) == sorted(
        [
            *(name for each in tables.NATIVE_TABLES for name in explained(each.qualified)),
            *(name for view in VIEWS for name in commented(view)),
        ]
    )
    assert (
        comments[4]
        == "COMMENT ON COLUMN public.period_attendance.student_id IS 'ESD''s number of the student.'"
    )
