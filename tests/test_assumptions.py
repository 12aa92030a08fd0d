"""What is assumed about Redshift: the loader's --check finds each way in which the stand-in can differ."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from attendance_common import config
from attendance_common.config import LoaderSettings
from attendance_common.errors import AttendanceError
from attendance_common.load import assumptions
from attendance_common.load.assumptions import ASSUMPTIONS, KNOWN_ROW, Verdict
from attendance_common.load.check import check
from attendance_common.load.probes import PROBES
from tests.bucket import LANDING
from tests.pipeline import Finished
from tests.sandbox import Options, Sandbox
from tests.sandbox.redshift import Difference, RedshiftError
from tests.test_check_fetcher import lines
from tests.world import World, set_up

TABLE = "esd_spectrum.period_attendance"
SEND_IT = "check again with --report FILE, and send FILE to whoever looks after the scripts"

# What differs -> the line that says so, and words of it. ✗: a load would fail or make the table wrong.
FOUND = {
    Difference.TYPE_NAMES: (
        "names of types",
        "≠ BIGINT: bigint, BOOLEAN: boolean, INTEGER: integer, VARCHAR(n): character",
    ),
    Difference.PADDED_VALUES: ("values of partitions", "≠ texts with leading zeros (expected: "),
    Difference.OTHER_VALUES: ("values of partitions", "✗ no JSON (expected: "),
    Difference.PARTITION_LOST: ("rows of a date without leading zeros", "✗ not found (expected: found). "),
    Difference.PADDED_PARTITION_LOST: (
        "rows of a date with leading zeros",
        "✗ not found (expected: found). ",
    ),
    Difference.PATH_TEXT: (
        'name of an object ("$path")',
        "≠ one text for each object, and not its URL, such as /edna-prod/",
    ),
    Difference.PATH_NULL: ('name of an object ("$path")', "✗ NULL (expected: its URL). "),
    Difference.PATH_VARIES: ('name of an object ("$path")', "✗ several texts for one object (expected: "),
    Difference.NO_PRUNING: (
        "partitions that a query reads",
        "≠ all of them (expected: only those that are asked for). ",
    ),
    Difference.DATES_ROLL_OVER: (
        "an impossible date",
        "✗ accepted, giving 2025-03-02 (expected: refused as bad data ",
    ),
    Difference.DATE_CODE: ("an impossible date", "≠ refused as bad data (XX000, code: 1216) (expected: "),
    Difference.TOO_LONG_CODE: (
        "a value that is too long",
        "✗ refused, but not as bad data (XX000, code: 9999) ",
    ),
    Difference.TOO_LONG_ON_LEADER: ("a value that is too long", "≠ refused as bad data (22001) (expected: "),
    Difference.NULL_STATE: ("NULL where none may be", "✗ refused, but not as bad data (23502) (expected: "),
    Difference.NO_COUNTS: ("counts of changed rows", "≠ INSERT 3, UPDATE 2, DELETE none (expected: INSERT 3"),
    Difference.MD5_CASE: ("MD5 of a text", "✗ FB44AF73417CF03C023D098E7F07C114 (expected: "),
    Difference.NO_MICROSECONDS: ("hash of a row", "✗ "),
    Difference.ISOLATION: (
        "isolation level",
        "≠ Read Committed (expected: Serializable or Snapshot Isolation). ",
    ),
    Difference.TIME_ZONE: ("time zone", "✗ America/New_York (expected: UTC or GMT or Etc/UTC). "),
}
UNSEEN = {Difference.SYS_VIEWS_ALONE, Difference.NO_MONITORING}  # what differs there is what can be tried


@pytest.fixture(scope="module")
def loaded() -> Iterator[World]:
    """Two schools of five days, loaded; a partition more, which another program registered."""
    with Sandbox(Options(schools=2, records=40, days=5)) as sandbox:
        world = set_up(sandbox)
        assert world.pipeline.fetch().status == 0
        assert world.pipeline.load().status == 0
        [first, *_] = sorted(day for day, _ in world.bucket.landed())
        where = f"s3://edna-prod/{LANDING}year={first:%Y}/month={first:%m}/day={first:%d}/"
        bare, padded = f"{first.year}, {first.month}, {first.day}".split(", "), f"{first:%Y %m %d}".split()
        values = "year='{}', month='{}', day='{}'"
        world.pipeline.query(f"ALTER TABLE {TABLE} DROP PARTITION ({values.format(*bare)})")
        world.pipeline.query(
            f"ALTER TABLE {TABLE} ADD PARTITION ({values.format(*padded)}) LOCATION '{where}'"
        )
        yield world


@pytest.fixture
def world(loaded: World) -> Iterator[World]:
    """The same, with a stand-in that is as is believed."""
    yield loaded
    loaded.pipeline.sandbox.redshift.differs.clear()


def checked(world: World, *differences: Difference) -> Finished:
    """The loader's check in this process, where the stand-in differs so."""
    sandbox = world.pipeline.sandbox
    sandbox.redshift.differs.update(differences)
    said = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        for name, value in sandbox.environment.items():
            patch.setenv(name, value)
        settings = config.read(LoaderSettings, argparse.Namespace()).settings()
        try:
            outcome = check(settings, None)
        except AttendanceError as error:
            return Finished(error.exit_status, {"error": str(error)}, "", said.getvalue())
    return Finished(3 if outcome.attention else 0, {"attention": outcome.attention}, "", said.getvalue())


def test_each_assumption_has_a_probe_and_a_way_to_differ() -> None:
    names = [each.name for each in ASSUMPTIONS]
    assert list(PROBES) == names
    assert {name for name, _ in FOUND.values()} == set(names)
    assert FOUND.keys() | UNSEEN == set(Difference)


def test_a_stand_in_as_is_believed_differs_in_nothing(world: World) -> None:
    done = checked(world)
    checks = lines(done)
    assert done.status == 0, done.output + done.story
    assert {checks[each.name][0] for each in ASSUMPTIONS} == {"✓"}
    assert checks["hash of a row"] == f"✓ {known_hash()}"
    assert checks["MD5 of a text"] == f"✓ {hashlib.md5('Zoë'.encode()).hexdigest()}"


@pytest.mark.parametrize("difference", FOUND, ids=lambda difference: difference.name)
def test_a_difference_is_found(world: World, difference: Difference) -> None:
    """What does harm is a fault, with what to do; what does none needs a person, and no more."""
    done = checked(world, difference)
    checks = lines(done)
    name, words = FOUND[difference]
    assert checks[name].startswith(words), checks[name]
    if words[0] == "✗":
        assert done.status == 2
        assert name in done.result["error"]
        assert checks[name].endswith((SEND_IT, "which registers it anew", "for the user of REDSHIFT_USER"))
    else:
        assert [each for each in checks if checks[each][0] in "≠✗"] == [name]
        assert done.status == 3
        [sentence] = done.result["attention"]
        assert f"({name}): runs can be scheduled; where the line of one has no cure, {SEND_IT}" in sentence


def test_what_differs_without_harm_ends_the_script_with_3(world: World) -> None:
    world.pipeline.sandbox.redshift.differs.add(Difference.ISOLATION)
    done = world.pipeline.load("--check")
    assert (done.status, len(done.result["attention"])) == (3, 1)
    assert done.result["attention"][0] in done.story


@pytest.mark.parametrize(
    ("texts", "answer"),
    [
        (['["2025","9","26"]', '["2025","09","25"]'], "a JSON list of texts as they were registered"),
        (['["2025","09","25"]'], "texts with leading zeros"),
        (['["2025","12","25"]'], None),
        (["[2025,9,26]"], "JSON, but no list of texts"),
        (['["2025","9","26"]', "2025/9/25"], "no JSON"),
        ([], None),
    ],
)
def test_values_of_partitions(texts: list[str], answer: str | None) -> None:
    assert assumptions.values(texts) == answer


def test_both_levels_of_isolation_are_expected() -> None:
    [isolation] = [each for each in ASSUMPTIONS if each.name == "isolation level"]
    assert {isolation.judge(level) for level in ("Serializable", "Snapshot Isolation")} == {Verdict.EXPECTED}


def test_where_svl_views_are_denied_pruning_is_seen_in_the_sys_view(world: World) -> None:
    done = checked(world, Difference.SYS_VIEWS_ALONE)
    checks = lines(done)
    assert done.status == 0, done.output + done.story
    assert checks["partitions that a query reads"] == "✓ only those that are asked for"
    assert checks["isolation level"] == "- STV_DB_ISOLATION_LEVEL cannot be read (42501)"
    everything = checked(world, Difference.NO_PRUNING)
    assert lines(everything)["partitions that a query reads"].startswith("≠ all of them")


def test_where_no_view_can_be_read_it_is_not_tried(world: World) -> None:
    done = checked(world, Difference.NO_MONITORING)
    assert done.status == 0, done.output + done.story
    assert lines(done)["partitions that a query reads"] == (
        "- neither SVL_S3PARTITION nor SYS_EXTERNAL_QUERY_DETAIL can be read, or has the query"
    )


def test_nothing_is_left_behind(world: World) -> None:
    """No table, no row, no partition, whatever differs."""
    looks = (
        "SELECT table_schema, table_name FROM svv_tables ORDER BY 1, 2",
        "SELECT values, location FROM svv_external_partitions ORDER BY 1",
        *(
            f"SELECT COUNT(*), MAX(loaded_at) FROM public.period_attendance{each}"
            for each in ("", "_places", "_lists")
        ),
    )
    before = [world.pipeline.query(look) for look in looks]
    checked(world, Difference.DATES_ROLL_OVER, Difference.TOO_LONG_CODE)
    assert [world.pipeline.query(look) for look in looks] == before


def test_without_temporary_tables_the_cause_is_named_once(world: World) -> None:
    denied = RedshiftError("42501", 'permission denied to create temporary tables in database "db02"')
    world.pipeline.sandbox.redshift.fail_next("CREATE TEMP TABLE attendance_check", denied)
    done = checked(world)
    checks = lines(done)
    assert done.status == 2
    assert [each for each in checks if checks[each][0] == "✗"] == ["temporary tables"]
    assert checks["hash of a row"] == checks["an impossible date"] == "- it needs temporary tables"


# --- the report ---------------------------------------------------------------------------------------------


def test_the_report_has_every_line_and_each_expected_answer(world: World, tmp_path: Path) -> None:
    report = tmp_path / "check.json"
    world.pipeline.sandbox.redshift.differs.update({Difference.ISOLATION, Difference.DATES_ROLL_OVER})
    done = world.pipeline.load("--check", "--report", str(report))
    assert done.status == 2
    written = json.loads(report.read_text(encoding="utf-8"))
    entries = {each["what"]: each for each in written["checks"]}
    assert {what: each["seen"] for what, each in entries.items()} == {
        what: seen[2:] for what, seen in lines(done).items()
    }
    assert written["version"] in done.story
    assert "Redshift 1.0." in entries["version of Redshift"]["seen"]
    assert {each["what"] for each in written["checks"] if "expected" in each} == {
        each.name for each in ASSUMPTIONS
    }
    results = {what: each["result"] for what, each in entries.items()}
    assert results["time zone"] == "fine"
    assert results["isolation level"] == "differs"
    assert results["an impossible date"] == "fault"
    assert results["KMS key"] == "not tried"
    assert list(tmp_path.iterdir()) == [report]


def test_the_report_has_no_names_that_others_gave(world: World, tmp_path: Path) -> None:
    client = world.pipeline.sandbox.aws.client("s3")
    client.put_object(Bucket="edna-prod", Key=f"{LANDING}ada-lovelace.csv", Body=b"x")
    done = world.pipeline.load("--check", "--report", str(tmp_path / "check.json"))
    client.delete_object(Bucket="edna-prod", Key=f"{LANDING}ada-lovelace.csv")
    assert "ada-lovelace" in lines(done)["landing zone"]
    text = (tmp_path / "check.json").read_text(encoding="utf-8")
    assert "ada-lovelace" not in text
    assert "the sentence is on the screen only" in text


def test_the_report_names_no_object_of_others_that_spectrum_failed_on(world: World, tmp_path: Path) -> None:
    newest = max(world.bucket.keys(LANDING)).rpartition("/")[0]
    client = world.pipeline.sandbox.aws.client("s3")
    key = f"{LANDING}{newest}/ada-lovelace.csv"
    client.put_object(Bucket="edna-prod", Key=key, Body=b"x")
    done = world.pipeline.load("--check", "--report", str(tmp_path / "check.json"))
    client.delete_object(Bucket="edna-prod", Key=key)
    assert "ada-lovelace.csv" in lines(done)["Spectrum"]
    text = (tmp_path / "check.json").read_text(encoding="utf-8")
    assert "ada-lovelace" not in text
    [spectrum] = [each["seen"] for each in json.loads(text)["checks"] if each["what"] == "Spectrum"]
    assert spectrum.startswith("Spectrum Scan Error, File '…' has an invalid version number")


def test_the_report_names_no_object_of_others_that_spectrum_reads(world: World, tmp_path: Path) -> None:
    client = world.pipeline.sandbox.aws.client("s3")
    lists = [name for name in world.bucket.keys(LANDING) if name.endswith(f"school_{world.first}.parquet")]
    others = [f"{LANDING}{name.rpartition('/')[0]}/ada-lovelace.parquet" for name in lists]
    for name, key in zip(lists, others, strict=True):
        client.put_object(Bucket="edna-prod", Key=key, Body=_of_school_one(world.bucket.read(LANDING + name)))
    done = world.pipeline.load("--check", "--report", str(tmp_path / "check.json"))
    for key in others:
        client.delete_object(Bucket="edna-prod", Key=key)
    assert lines(done)["Spectrum"][0] == "✓"  # what it read includes the other objects
    assert "ada-lovelace" not in (tmp_path / "check.json").read_text(encoding="utf-8")


def _of_school_one(body: bytes) -> bytes:
    """The same list with another school in its rows."""
    rows = pyarrow.parquet.read_table(io.BytesIO(body))
    place = rows.schema.get_field_index("school_id")
    ones = pyarrow.array([1] * rows.num_rows, type=rows.schema.field(place).type)
    written = io.BytesIO()
    pyarrow.parquet.write_table(
        rows.set_column(place, rows.schema.field(place), ones), written, version="1.0"
    )
    return written.getvalue()


def test_the_report_names_no_place_to_which_another_programs_partition_points(
    world: World, tmp_path: Path
) -> None:
    partition = "PARTITION (year = '1999', month = '1', day = '1')"
    world.pipeline.query(f"ALTER TABLE {TABLE} ADD {partition} LOCATION 's3://edna-prod/ada-lovelace/'")
    done = world.pipeline.load("--check", "--report", str(tmp_path / "check.json"))
    world.pipeline.query(f"ALTER TABLE {TABLE} DROP {partition}")
    assert "points to s3://edna-prod/ada-lovelace" in lines(done)["Spectrum"]
    text = (tmp_path / "check.json").read_text(encoding="utf-8")
    assert "ada-lovelace" not in text
    assert f"partition 1999-01-01 of {TABLE} points elsewhere" in text


@pytest.mark.parametrize("name", ["absent/check.json", "."], ids=["no directory", "a directory"])
def test_a_report_that_cannot_be_written_is_said_before_anything_is_tried(
    world: World, tmp_path: Path, name: str
) -> None:
    done = world.pipeline.load("--check", "--report", str(tmp_path / name))
    assert done.status == 2
    assert done.result["error"].startswith(f"--report: {tmp_path / name} cannot be written (")
    assert "name a file in a directory that exists" in done.result["error"]
    assert lines(done) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", ["redshift_loader.py", "esd_period_attendance_fetcher.py"])
def test_a_report_of_nothing_is_wrong_usage(world: World, script: str) -> None:
    done = world.pipeline.script(script, "--report", "check.json")
    assert done.status == 2
    assert done.result["error"] == "argument --report: is of use with --check alone"


# --- the known row ------------------------------------------------------------------------------------------


def known_hash() -> str:
    """The hash of the known row, put together by hand: `name=value;` of each column that is not NULL."""
    wide = hashlib.md5(b"one two").hexdigest()  # a wide text is hashed first
    text = (
        "id=9007199254740993;school_id=12549;attendance_date=2025-12-09;"
        f"attendance_status=7:Ä;id=1;comment={wide};is_locked=true;verified=false;"
        "modified_on=2025-12-09 08:01:44.337001;"
    )
    assert all(f"{name}=" in text for name in KNOWN_ROW)
    return hashlib.md5(text.encode()).hexdigest()


def test_the_expected_hash_is_that_of_the_known_row() -> None:
    assert known_hash() == assumptions.KNOWN_ROW_HASH
