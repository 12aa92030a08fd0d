"""The fetcher's --check, as a process against the sandbox: a line for each thing, all faults at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from attendance_common.check import Checks
from attendance_common.fetch.check import Source as Asked
from attendance_common.fetch.check import check_pages
from tests.bucket import QUARANTINE
from tests.esd_api import api_for, settings_for
from tests.pipeline import Finished, Pipeline
from tests.samples import SCHOOL, SEEN
from tests.sandbox.aws_front import AwsFront, Refusal
from tests.sandbox.esd import EsdServer, Fault, Source

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


def test_a_page_that_takes_longer_than_a_check_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch would get it: the page as it is set is waited for, the others are not tried to the end."""
    monkeypatch.setattr("attendance_common.fetch.check.SECONDS", 0.2)
    printed: list[str] = []
    with EsdServer(Source()) as server:
        server.source.set_records(SCHOOL, [SEEN])
        server.faults.add(Fault("slow", seconds=0.5, times=1), Fault("hang", skip=1, times=None))
        settings = settings_for(server, timeout=30, attempts=1, page_size=1000)
        source = Asked(api_for(server, timeout=30), settings, {SCHOOL: str(SCHOOL)})
        check_pages(Checks(printed.append), source)
        server.faults.clear()
    assert printed[0].startswith(f"✓ a page of 1,000: school {SCHOOL}, ")
    late = "a page took longer than the 0.2 s of a check; a fetch waits ESD_TIMEOUT (30 s)"
    assert printed[1:] == [
        f"- {what}: {late}" for what in ("sorted by date", "sorted by modifiedOn", "a page of 5,000")
    ]


def test_a_page_that_a_fetch_would_not_wait_for(pipeline: Pipeline) -> None:
    pipeline.sandbox.esd.faults.add(Fault("hang", times=None))
    done = pipeline.fetch("--check", ESD_TIMEOUT="1")
    assert done.status == 1
    assert lines(done)["a page of 1,000"].startswith("✗ school 12549, page 1: no answer of the API in time")
    assert "raise ESD_TIMEOUT" in lines(done)["a page of 1,000"]


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


@pytest.mark.parametrize(("year", "of_it"), [("999", "in school year 999"), ("", "of today")])
def test_without_records_what_they_show_was_not_tried(pipeline: Pipeline, year: str, of_it: str) -> None:
    """It may be summer; or the school year is mistyped."""
    for school in pipeline.sandbox.source.schools:
        pipeline.sandbox.source.set_records(school["id"], [])
    done = pipeline.fetch("--check", ESD_SCHOOL_YEAR_ID=year)
    checks = lines(done)
    assert done.status == 0
    assert checks["a page of 1,000"].startswith(
        f"- 3 schools were tried, and have no record {of_it}: check ESD_SCHOOL_Y"
    )
    for what in ("sorted by date", "sorted by modifiedOn", "a page of 5,000"):
        assert checks[what] == "- no page with records came"


def test_entries_of_the_list_of_schools_that_cannot_be_used(pipeline: Pipeline) -> None:
    pipeline.sandbox.source.schools += [{"id": "Alder-Grove"}, {"id": "Birch"}, {"name": "Cedar"}]
    done = pipeline.fetch("--check")
    checks = lines(done)
    assert done.status == 3
    assert checks["schools"] == (
        "≠ 3 are listed; 3 entries of ESD's list of schools cannot be used: its id is no number that a "
        "school can have (2), it has no id (1); have this corrected at the source"
    )
    assert "Birch" not in done.output
    [sentence] = done.result["attention"]
    assert "found what was not expected and stops no run (schools): runs can be scheduled; " in sentence
    assert checks["a page of 1,000"][0] == "✓"  # the others are used


def test_a_list_of_schools_that_is_shorter_than_it_counts(pipeline: Pipeline) -> None:
    pipeline.sandbox.esd.faults.add(
        Fault("paging", path="/v1/schools", times=None, paging={"totalCount": 9999})
    )
    done = pipeline.fetch("--check")
    assert done.status == 3
    assert lines(done)["schools"].startswith("≠ 3 are listed; ESD counts 9999 schools and lists 3: ")


def test_a_gap_in_the_list_of_schools(pipeline: Pipeline) -> None:
    paging = {"totalCount": 3, "pageCount": 2}
    pipeline.sandbox.esd.faults.add(
        Fault("paging", path="/v1/schools", times=None, paging=paging),
        Fault("status", path="/v1/schools", page=2, status=503, times=None),
    )
    done = pipeline.fetch("--check")
    checks = lines(done)
    assert (done.status, checks["a page of 1,000"][0]) == (1, "✓")
    assert checks["schools"].startswith("✗ 3 are listed; ESD's list of schools was read with a gap (page 2: ")


def test_records_that_cannot_be_landed(pipeline: Pipeline) -> None:
    source = pipeline.sandbox.source
    school = source.schools[0]["id"]
    source.set_records(school, [
        {**each, "date": f"2025-09-{22 + n % 5}" if n < 3 else each["date"]}
        for n, each in enumerate(source.records(school))
    ])  # fmt: skip
    done = pipeline.fetch("--check")
    seen = lines(done)["a page of 1,000"]
    assert (done.status, seen[0]) == (3, "≠")
    assert "; 3 of them cannot be landed: date: not a date MM-DD-YYYY (3); " in seen
    assert "2025-09" not in done.output


def test_no_record_that_can_be_landed(pipeline: Pipeline) -> None:
    iso = partial(records_of, change=lambda record: record.update(date="2025-09-22"))
    pipeline.sandbox.esd.faults.add(Fault("rewrite", rewrite=iso, times=None))
    done = pipeline.fetch("--check")
    checks = lines(done)
    assert (done.status, checks["a page of 1,000"][0]) == (2, "✗")
    assert "; 300 of them cannot be landed: date: not a date MM-DD-YYYY (300); " in checks["a page of 1,000"]
    assert checks["sorted by date"].startswith("- not known")


def test_a_report_has_every_line(pipeline: Pipeline, tmp_path: Path) -> None:
    report = tmp_path / "check.json"
    done = pipeline.fetch("--check", "--report", str(report))
    assert done.status == 0, done.output + done.story
    written = json.loads(report.read_text(encoding="utf-8"))
    assert written["script"] == "esd_period_attendance_fetcher.py"
    entries = {each["what"]: each["seen"] for each in written["checks"]}
    assert entries == {what: seen[2:] for what, seen in lines(done).items()}
