"""The fetcher's --check, as a process against the sandbox: a line for each thing, all faults at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tests.bucket import QUARANTINE
from tests.pipeline import Finished, Pipeline
from tests.sandbox.aws_front import AwsFront, Refusal
from tests.sandbox.esd import Fault

pytestmark = pytest.mark.without_tables


def lines(done: Finished) -> dict[str, str]:
    """What was tried -> what came of it, with the mark before it."""
    printed = [line for line in done.output.splitlines() if line[:2] in ("✓ ", "✗ ", "≠ ", "- ")]
    return {what: f"{sign} {seen}" for sign, what, seen in map(parted, printed)}


def parted(line: str) -> tuple[str, str, str]:
    what, _, seen = line[2:].partition(": ")
    return line[0], what, seen


def test_all_is_well_and_nothing_is_changed(pipeline: Pipeline) -> None:
    done = pipeline.fetch("--check")
    assert done.status == 0, done.output + done.story
    checks = lines(done)
    place = "s3://edna-prod/raw_esd/incoming/periodAttendance/operational"
    assert {what for what, seen in checks.items() if seen[0] == "✓"} == {
        "AWS identity",
        "clock",
        *(f"{verb} {place}/landing/unnested_period_attendance/" for verb in ("list", "write")),
        *(f"{verb} {place}/quarantine/" for verb in ("list", "write")),
        *(f"{verb} {place}/runs/fetch/" for verb in ("list", "write")),
        "school year",
        "secret prod/edna/esd_credentials",
        "token",
        "schools",
        "a page of 1,000",
        "sorted by date",
        "sorted by modifiedOn",
        "a page of 5,000",
    }
    areas = ("landing/unnested_period_attendance/", "quarantine/", "runs/fetch/")
    assert {what for what, seen in checks.items() if seen[0] != "✓"} == {
        "KMS key",
        *(f"read {place}/{area}" for area in areas),  # before the first fetch there is no object
    }
    assert checks["schools"] == "✓ 3 are listed"
    assert checks["a page of 1,000"].startswith("✓ school 12549, 300 records in ")
    assert checks["a page of 1,000"].endswith("300 are counted")
    assert checks["sorted by date"] == "✓ yes: --days, --since can be used"
    assert checks["a page of 5,000"] == "✓ 300 records came: leave ESD_PAGE_SIZE as it is"
    assert done.result["status"] == 0
    assert pipeline.bucket.keys("") == {}


def test_a_source_that_does_not_sort(pipeline: Pipeline) -> None:
    pipeline.sandbox.esd.faults.add(Fault("unsorted", times=None))
    checks = lines(pipeline.fetch("--check"))
    assert checks["sorted by date"] == "✓ no: --days, --since cannot be used"
    assert checks["sorted by modifiedOn"] == "✓ no: --modified-hours cannot be used"


def records_of(content: Any, change: Callable[[dict[str, Any]], object]) -> Any:
    """The answer, with each of its records changed."""
    for record in content["periodAttendanceList"]:
        change(record)
    return content


def test_an_order_that_nothing_shows_is_not_known(pipeline: Pipeline) -> None:
    """Records without a time, or all of one date, are in every order."""
    alike = partial(records_of, change=lambda record: record.update(date="09-22-2025", modifiedOn=None))
    pipeline.sandbox.esd.faults.add(Fault("rewrite", rewrite=alike, times=None))
    done = pipeline.fetch("--check")
    checks = lines(done)
    assert done.status == 0, done.output
    for field, flags in {"date": "--days, --since", "modifiedOn": "--modified-hours"}.items():
        assert checks[f"sorted by {field}"] == (
            f"- not known, since fewer than two different values of {field} came: {flags} may not be of use"
        )


def test_a_source_that_ignores_the_order_and_states_no_length(pipeline: Pipeline) -> None:
    """Its first hundred records are of one date, and the last page is not known."""
    source = pipeline.sandbox.source
    school = source.schools[0]["id"]
    days = [f"09-{day}-2025" for day in ("22", "23", "24")]
    records = [{**each, "date": days[n // 100]} for n, each in enumerate(source.records(school)[:300])]
    source.set_records(school, records)

    def first_hundred(content: Any) -> Any:
        return {"periodAttendanceList": records[:100]} if content["periodAttendanceList"] else content

    pipeline.sandbox.esd.faults.add(
        Fault("rewrite", school=school, sort_field="date", skip=1, rewrite=first_hundred, times=1)
    )
    assert lines(pipeline.fetch("--check"))["sorted by date"].startswith("- not known, since fewer ")


@pytest.mark.parametrize("status", [400, 503])
def test_a_source_that_gives_no_large_pages_is_no_fault(pipeline: Pipeline, status: int) -> None:
    before = 1 + 2 * 2  # the page as it is set, and two of each order
    pipeline.sandbox.esd.faults.add(Fault("status", status=status, skip=before, times=None))
    done = pipeline.fetch("--check")
    checks = lines(done)
    assert done.status == 0, done.output + done.story
    assert checks["sorted by modifiedOn"] == "✓ yes: --modified-hours can be used"
    assert checks["a page of 5,000"] == "✓ none came: leave ESD_PAGE_SIZE as it is"


def test_both_orders_are_asked_for_at_once(pipeline: Pipeline) -> None:
    """So that a source whose pages take seven seconds is checked within a minute."""
    both = Barrier(2, timeout=10)

    def meet(content: Any) -> Any:
        both.wait()
        return content

    pipeline.sandbox.esd.faults.add(
        Fault("rewrite", sort_field="date", skip=1, rewrite=meet),  # after the first page of a school
        Fault("rewrite", sort_field="modifiedOn", rewrite=meet),
    )
    done = pipeline.fetch("--check")
    assert done.status == 0, done.output + done.story


def test_all_faults_are_named_at_once(pipeline: Pipeline) -> None:
    with AwsFront(pipeline.sandbox.aws_endpoint) as front:
        front.rule = lambda call: Refusal(403, "AccessDenied") if "quarantine" in call.key else None
        pipeline.sandbox.aws.store_secret("half-client", {"ESD_URL": pipeline.sandbox.esd.token_url})
        done = pipeline.fetch(
            "--check", AWS_ENDPOINT_URL=front.endpoint, ESD_SCHOOL_YEAR_ID="", ESD_SECRET_ID="half-client"
        )
    checks = lines(done)
    assert done.status == 2
    assert [what for what, seen in checks.items() if seen[0] == "✗"] == [
        f"list s3://edna-prod/{QUARANTINE}",
        f"read s3://edna-prod/{QUARANTINE}",
        f"write s3://edna-prod/{QUARANTINE}",
        "secret half-client",
    ]
    assert "has no ESD_CLIENT_ID, ESD_SECRET_KEY" in checks["secret half-client"]
    assert checks["school year"].endswith("the API answers for today only")
    assert done.result["error"].startswith("4 of 10 checks found a fault: list s3://")


def test_a_token_that_is_refused(pipeline: Pipeline) -> None:
    secret = {"ESD_CLIENT_ID": "nobody", "ESD_SECRET_KEY": "wrong-key"}
    pipeline.sandbox.aws.store_secret("wrong-client", {"ESD_URL": pipeline.sandbox.esd.token_url, **secret})
    done = pipeline.fetch("--check", ESD_SECRET_ID="wrong-client")
    checks = lines(done)
    assert done.status == 2
    assert checks["token"].startswith("✗ ")
    assert checks["schools"] == "- there is no token"
    assert "wrong-key" not in done.output + done.story


def test_a_source_that_is_down_may_pass(pipeline: Pipeline) -> None:
    pipeline.sandbox.esd.faults.add(Fault("status", path="/v1/schools", status=503, times=None))
    done = pipeline.fetch("--check")
    assert done.status == 1
    assert lines(done)["schools"].startswith("✗ schools, page 1: status 503")
    assert json.loads(done.output.splitlines()[-1])["status"] == 1


def test_schools_without_records_are_no_fault(pipeline: Pipeline) -> None:
    for school in pipeline.sandbox.source.schools:
        pipeline.sandbox.source.set_records(school["id"], [])
    done = pipeline.fetch("--check")
    assert done.status == 0
    assert lines(done)["a page of 1,000"].startswith("✓ school 12551, 0 records in ")


def test_a_report_has_every_line(pipeline: Pipeline, tmp_path: Path) -> None:
    report = tmp_path / "check.json"
    done = pipeline.fetch("--check", "--report", str(report))
    assert done.status == 0, done.output + done.story
    written = json.loads(report.read_text(encoding="utf-8"))
    assert written["script"] == "esd_period_attendance_fetcher.py"
    entries = {each["what"]: each["seen"] for each in written["checks"]}
    assert entries == {what: seen[2:] for what, seen in lines(done).items()}
