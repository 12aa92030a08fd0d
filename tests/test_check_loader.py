"""The loader's --check, as a process against the sandbox: a line for each thing, all faults at once."""

from __future__ import annotations

import re

import pytest

from attendance_common.load.assumptions import ASSUMPTIONS, PADDED_PARTITION
from attendance_common.load.check import RIGHTS
from tests.bucket import LANDING
from tests.documents import ROOT
from tests.pipeline import Pipeline
from tests.test_check_fetcher import lines
from tests.world import World

FETCHED, RUNS = (
    f"s3://edna-prod/raw_esd/incoming/periodAttendance/operational/runs/{script}/"
    for script in ("fetch", "load")
)
NATIVE = "public.period_attendance"
VIEWS = ("school_records", "school_years", "school_days", "gaps", "freshness", "corrections", "versions")
READ_ONLY = ["public.attendance_status_codes", *(f"{NATIVE}_{view}" for view in VIEWS)]


@pytest.fixture
def checked(world: World) -> Pipeline:
    return world.pipeline


def test_all_is_well_and_nothing_is_changed(world: World) -> None:
    pipeline = world.pipeline
    assert pipeline.fetch().status == 0
    assert pipeline.load().status == 0
    before, keys = pipeline.table(), pipeline.bucket.keys("")
    done = pipeline.load("--check")
    assert done.status == 0, done.output + done.story
    checks = lines(done)
    assert {what for what, seen in checks.items() if seen[0] == "✓"} == {
        "AWS identity",
        "clock",
        *(
            f"{verb} {area}"
            for verb in ("list", "read")
            for area in (f"s3://edna-prod/{LANDING}", FETCHED, RUNS)
        ),
        f"write {RUNS}",
        "landing zone",
        "secret prod/edna/redshift_credentials",
        "Redshift",
        "version of Redshift",
        "external schema",
        "external table",
        "tables",
        *(f"{right} on {NATIVE}" for right in ("select", "insert", "delete")),
        *(f"{right} on {NATIVE}_places" for right in ("select", "insert", "delete", "update")),
        *(f"{right} on {NATIVE}_history" for right in ("select", "insert", "delete")),
        *(f"{right} on {NATIVE}_lists" for right in ("select", "insert", "delete", "update")),
        *(f"{right} on {NATIVE}_runs" for right in ("select", "insert")),
        *(f"{right} on {NATIVE}_run_schools" for right in ("select", "insert")),
        *(f"{right} on {NATIVE}_checks" for right in ("select", "insert", "delete", "update")),
        *(f"select on {each}" for each in READ_ONLY),
        "lock",
        "temporary tables",
        "Spectrum",
        "partitions",
        *(each.name for each in ASSUMPTIONS if each.name != PADDED_PARTITION),
    }
    assert checks["landing zone"] == "✓ 10 lists of 5 dates, and nothing else"
    assert checks["Redshift"].startswith("✓ localhost, database db02, user dba02, TLSv1.")
    assert checks["Redshift"].endswith(" (verify-full)")
    assert checks["external schema"].startswith("✓ Glue database esd_spectrum, role ")
    assert checks["Spectrum"] == "✓ 120 rows of 2025-09-26 can be read"
    assert (pipeline.table(), pipeline.bucket.keys("")) == (before, keys)


def test_before_the_first_load(checked: Pipeline) -> None:
    done = checked.load("--check")
    checks = lines(done)
    assert (done.status, checks["landing zone"]) == (0, "✓ 0 lists of 0 dates, and nothing else")
    unknown = "- no partition is registered yet: check again after the first load, which registers one "
    assert checks["Spectrum"].startswith(unknown)
    assert "role" in checks["Spectrum"]
    assert checks['name of an object ("$path")'].startswith(unknown)


def test_all_faults_are_named_at_once_with_what_mends_them(checked: Pipeline) -> None:
    checked.query(f"ALTER TABLE {NATIVE} DROP COLUMN comment")
    checked.query(f"ALTER TABLE {NATIVE}_places RENAME TO other")  # its one user owns all tables here
    checked.sandbox.aws.client("s3").put_object(Bucket="edna-prod", Key=f"{LANDING}notes.txt", Body=b"x")
    done = checked.load("--check")
    checks = lines(done)
    assert done.status == 2
    assert [what for what, seen in checks.items() if seen[0] == "✗"] == [
        "landing zone",
        "tables",
        *(f"{right} on {NATIVE}_places" for right in ("select", "insert", "delete", "update")),
        *(f"select on {NATIVE}_{view}" for view in ("versions", "corrections")),  # they show the comment
    ]
    assert "notes.txt" in checks["landing zone"]
    assert f"ALTER TABLE {NATIVE} ADD COLUMN comment VARCHAR" in checks["tables"]
    assert "run redshift_period_attendance_setup.sql" in checks[f"delete on {NATIVE}_places"]
    assert done.result["error"].startswith("8 of 56 checks found a fault: landing zone, tables, ")


def test_tables_that_were_never_set_up(world: World) -> None:
    for table in ("period_attendance_places", "period_attendance_lock"):
        world.pipeline.query(f"DROP TABLE public.{table}")
    world.pipeline.query("DROP TABLE esd_spectrum.period_attendance")
    checks = lines(world.pipeline.load("--check"))
    for what in ("external table", "lock", f"select on {NATIVE}_places"):
        assert checks[what].startswith("✗ "), checks[what]
    assert "redshift_period_attendance_setup.sql" in checks["external table"]


def test_what_the_checks_of_the_data_and_the_status_need_is_missing(checked: Pipeline) -> None:
    for view in READ_ONLY[1:]:
        checked.query(f"DROP VIEW IF EXISTS {view} CASCADE")
    checked.query("DROP TABLE public.attendance_status_codes CASCADE")
    checked.query(f"DROP TABLE {NATIVE}_checks")
    done = checked.load("--check")
    checks = lines(done)
    assert done.status == 2
    assert {what for what, seen in checks.items() if seen[0] == "✗"} == {
        *(f"{right} on {NATIVE}_checks" for right in ("select", "insert", "delete", "update")),
        *(f"select on {each}" for each in READ_ONLY),
    }
    for each in READ_ONLY:
        assert "run redshift_period_attendance_setup.sql" in checks[f"select on {each}"]


def test_a_check_tries_every_table_and_view_that_the_documents_grant() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    granted: dict[str, set[str]] = {}
    for rights, names in re.findall(r"GRANT ([A-Z, ]+) ON (public[^;]+)\nTO loader;", text):
        for name in re.findall(r"public\.\w+", names):
            granted[name] = {right.lower() for right in rights.split(", ")}
    assert len(granted) == 16
    assert RIGHTS.keys() == granted.keys() - {f"{NATIVE}_lock"}  # which the line 'lock' tries
    for name, rights in RIGHTS.items():
        assert rights.keys() <= granted[name], name


def test_a_cluster_that_cannot_be_reached_may_pass(checked: Pipeline) -> None:
    done = checked.load("--check", REDSHIFT_PORT="9")
    checks = lines(done)
    assert (done.status, checks["Redshift"][0]) == (1, "✗")
    assert checks["tables and rights"] == "- Redshift cannot be reached"


def test_a_wrong_password(checked: Pipeline) -> None:
    checked.sandbox.aws.store_secret("wrong-password", {"password": "wrong-Zqx7"})
    done = checked.load("--check", REDSHIFT_SECRET_ID="wrong-password")
    assert (done.status, lines(done)["Redshift"][0]) == (2, "✗")
    assert "Zqx7" not in done.output + done.story
