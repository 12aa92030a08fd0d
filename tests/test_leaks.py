"""Students' data and secrets are where they belong and nowhere else; AWS is asked for what is needed."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import trustme

from tests.bucket import LANDING, QUARANTINE, RUNS
from tests.pipeline import FETCHER, LOADER, Finished
from tests.sandbox import Options, Sandbox
from tests.sandbox.aws_front import AwsFront, Call, Refusal
from tests.sandbox.esd import Fault
from tests.sandbox.esd.api import Answer
from tests.sandbox.esd.faults import KINDS, Exchange
from tests.sandbox.redshift import Difference, RedshiftError
from tests.world import World, set_up

STUDENT, NUMBER = "Marker-Student-Ada", 987_654_321_987
PASSWORD = "Marker-Password-7"
LOUD = [[], ["--verbose"], ["--verbose", "--log-format", "json"]]


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    log = tmp_path_factory.mktemp("statements") / "log.jsonl"
    with Sandbox(Options(schools=1, records=40, days=3, statement_log=log)) as sandbox:
        yield sandbox


@pytest.fixture
def marked(logged: Sandbox) -> World:
    """Every record of the school, good or odd, holds the markers in every field that can."""
    logged.reset()
    assert logged.options.statement_log is not None
    logged.options.statement_log.write_text("")
    world = set_up(logged)
    good = [mark(record) for record in world.source.records(world.first)]
    odd = [
        good[0] | {"id": 1, "date": STUDENT},
        good[0] | {"id": 2, "minutesLate": STUDENT},
        good[0] | {"id": 3, "comment": STUDENT * 2000},
        good[0] | {"id": 4, "modifiedOn": STUDENT},
        good[0] | {"id": STUDENT},
        good[0] | {"id": 6, "studentId": None},
        good[0] | {"id": 7, "isLocked": NUMBER},
        good[0] | {"id": 8, "meetingTime": STUDENT},
        good[0] | {"id": 9, "comment": STUDENT + "\0"},
    ]
    world.source.set_records(world.first, [*good, *odd])
    return world


def mark(record: dict[str, Any]) -> dict[str, Any]:
    """The record with markers in place of a student's data."""
    meeting = record["meetingTime"] | {"teacher": STUDENT, "teachers": [{"id": 7, "name": STUDENT}]}
    texts = dict.fromkeys(("comment", "attendanceReason", "excusedStatus", "newField"), STUDENT)
    return record | texts | {"studentId": NUMBER, "meetingTime": meeting}


def secrets_of(world: World) -> list[str]:
    """Every secret that was in play, tokens included."""
    variables = world.pipeline.sandbox.environment
    client = world.pipeline.sandbox.aws.client("secretsmanager")
    ids = (variables["ESD_SECRET_ID"], variables["REDSHIFT_SECRET_ID"])
    contents = [json.loads(client.get_secret_value(SecretId=each)["SecretString"]) for each in ids]
    headers = {request.headers.get("Authorization", "") for request in world.esd.traffic.log}
    tokens = {header.removeprefix("Bearer ") for header in headers} - {""}
    named = [contents[0]["ESD_CLIENT_ID"], contents[0]["ESD_SECRET_KEY"], contents[1]["password"]]
    return [*named, variables["AWS_SECRET_ACCESS_KEY"], PASSWORD, *tokens]


def silent(world: World, *texts: str) -> None:
    """No marker and no secret is in any of these texts."""
    for marker in (STUDENT, str(NUMBER), *secrets_of(world)):
        for text in texts:
            assert marker not in text


def said(done: Finished) -> str:
    return done.story + done.output


def written(world: World) -> str:
    """Names and metadata of all objects, run records, and the text of every statement."""
    client, bucket = world.pipeline.sandbox.aws.client("s3"), world.pipeline.sandbox.aws.bucket
    keys = list(world.bucket.keys(""))
    heads = [client.head_object(Bucket=bucket, Key=key) for key in keys]
    metadata = [
        json.dumps({k: v for k, v in head.items() if k != "ResponseMetadata"}, default=str) for head in heads
    ]
    runs = [world.bucket.read(RUNS + name).decode() for name in world.bucket.keys(RUNS)]
    log = world.pipeline.sandbox.options.statement_log
    assert log is not None
    return "\n".join([*keys, *metadata, *runs, log.read_text()])


# --- what is said -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", LOUD, ids=" ".join)
def test_runs_that_end_well_tell_nothing(marked: World, flags: list[str]) -> None:
    fetched, loaded = marked.pipeline.fetch(*flags), marked.pipeline.load(*flags)
    assert (fetched.status, loaded.status) == (3, 0)
    assert fetched.result["quarantined"] == 9
    assert STUDENT in marked.bucket.read(QUARANTINE + next(iter(marked.bucket.keys(QUARANTINE)))).decode()
    silent(marked, said(fetched), said(loaded), written(marked))
    assert any(row["comment"] == STUDENT for row in marked.pipeline.table().values())


def test_verbose_names_each_request_and_statement(marked: World) -> None:
    log = marked.pipeline.sandbox.options.statement_log
    assert log is not None
    with AwsFront(marked.pipeline.sandbox.aws_endpoint) as front:
        fetched = marked.pipeline.fetch(*LOUD[2], AWS_ENDPOINT_URL=front.endpoint)
        before = len(log.read_text().splitlines())
        loaded = marked.pipeline.load(*LOUD[2], AWS_ENDPOINT_URL=front.endpoint)
    statements = log.read_text().splitlines()[before:]
    asked = said_of("request", fetched) + said_of("request", loaded)
    for whose, calls in (("AWS", len(front.calls)), ("ESD", len(marked.esd.traffic.log))):
        assert len([line for line in asked if line.startswith(f"{whose} ")]) == calls
    assert any(re.fullmatch(r"ESD POST /oauth/token: 200 in \d+\.\d+ s", line) for line in asked)
    page = rf"ESD GET /api/v1/periodAttendance schoolId={marked.first} page=1: 200 in \d+\.\d+ s"
    assert any(re.fullmatch(page, line) for line in asked)
    put = rf"AWS PutObject edna-prod/{LANDING}year=\S+\.parquet: 200 in \d+\.\d+ s"
    assert any(re.fullmatch(put, line) for line in asked)
    assert f"AWS ListObjectsV2 edna-prod/{LANDING}: 200" in " ".join(asked)
    sent = said_of("statement", loaded)
    assert len(sent) == len(statements)
    insert = r"SQL INSERT INTO public\.period_attendance .*: 40 rows in \d+\.\d+ s"
    assert any(re.fullmatch(insert, line) for line in sent)
    assert not any("'" in line for line in sent)
    silent(marked, said(fetched), said(loaded))


def said_of(event: str, done: Finished) -> list[str]:
    """The messages of one event in a log of JSON lines."""
    lines = [json.loads(line) for line in done.story.splitlines()]
    return [line["message"] for line in lines if line.get("event") == event]


def test_a_second_version_tells_nothing(marked: World) -> None:
    marked.pipeline.fetch()
    marked.pipeline.load()
    changed = [
        r | {"modifiedOn": None} for r in marked.source.records(marked.first) if isinstance(r["id"], int)
    ]
    marked.source.set_records(marked.first, changed)
    fetched, loaded = marked.pipeline.fetch("--verbose"), marked.pipeline.load("--verbose")
    replayed = marked.pipeline.fetch("--verbose", "--replay-quarantine")
    silent(marked, said(fetched), said(loaded), said(replayed), written(marked))


def test_a_check_and_its_report_tell_nothing(marked: World, tmp_path: Path) -> None:
    """Of what is expected, and of what is not."""
    assert marked.pipeline.fetch().status == 3
    assert marked.pipeline.load().status == 0
    for differences in (set(), set(Difference) - {Difference.OTHER_VALUES, Difference.NO_MONITORING}):
        marked.pipeline.sandbox.redshift.differs.update(differences)
        for script in (FETCHER, LOADER):
            report = tmp_path / "check.json"
            done = marked.pipeline.script(script, "--check", "--verbose", "--report", str(report))
            assert done.status in (0, 2, 3)  # 3: some of its records cannot be landed
            silent(marked, said(done), report.read_text(encoding="utf-8"), written(marked))


ERROR_PAGE = orjson.dumps({"error": STUDENT, "record": {"studentId": NUMBER, "comment": STUDENT}})


@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_source_that_answers_with_a_students_data_is_not_quoted(
    marked: World, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(exchange: Exchange) -> Any:
        return Answer(status, ERROR_PAGE)

    monkeypatch.setitem(KINDS, "tells", answer)
    for path in ("/v1/periodAttendance", "schools$"):
        marked.esd.faults.add(Fault("tells", path=path, times=None))
        done = marked.pipeline.fetch("--verbose", ESD_ATTEMPTS="1")
        assert done.status in (1, 2, 3)
        silent(marked, said(done), written(marked))
        marked.esd.faults.clear()


def test_a_token_answer_is_not_quoted(marked: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(exchange: Exchange) -> Any:
        return Answer(200, b'{"acces_token": "%s"}' % PASSWORD.encode())

    monkeypatch.setitem(KINDS, "tells", answer)
    marked.esd.faults.add(Fault("tells", path="oauth/token", times=None))
    done = marked.pipeline.fetch("--verbose", ESD_ATTEMPTS="1")
    assert done.status == 1
    silent(marked, said(done), written(marked))


REFUSALS = {  # and the status that they lead to
    "too long": (3, RedshiftError("22001", f"value too long: {STUDENT}", f"Value: {STUDENT}")),
    "not a date": (3, RedshiftError("22008", f"date/time field value out of range: {STUDENT}")),
    "not null": (
        1,
        RedshiftError("23502", "null value in column", f"Failing row contains ({NUMBER}, {STUDENT})."),
    ),
    "compute node": (1, RedshiftError("XX000", "Assert", f"\n error: Assert\n context: {STUDENT}\n")),
    "conflict": (0, RedshiftError("XX000", "1023", f"{STUDENT}")),
}


@pytest.mark.parametrize(("status", "error"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_that_quotes_a_row_is_not_quoted(marked: World, status: int, error: RedshiftError) -> None:
    marked.pipeline.fetch()
    times = 5 if status == 3 else 1  # a batch of three partitions is tried whole, and in halves
    marked.pipeline.sandbox.redshift.fail_next("CREATE TEMP TABLE staged", error, times)
    done = marked.pipeline.load("--verbose")
    assert done.status == status
    silent(marked, said(done), written(marked))


@pytest.mark.parametrize("script", [FETCHER, LOADER])
def test_aws_that_quotes_what_it_was_sent_is_not_quoted(marked: World, script: str) -> None:
    def rule(call: Call) -> Refusal | None:
        if call.action in ("PutObject", "ListObjectsV2"):
            return Refusal(400, "InvalidRequest", f"{STUDENT} {secrets_of(marked)[3]}")
        return None

    with AwsFront(marked.pipeline.sandbox.aws_endpoint, rule) as front:
        done = marked.pipeline.script(script, "--verbose", AWS_ENDPOINT_URL=front.endpoint)
    assert done.status == 1
    silent(marked, said(done))


# --- whom they trust ----------------------------------------------------------------------------------------


@pytest.fixture
def stranger(marked: World, tmp_path: Path) -> Iterator[AwsFront]:
    """An https server whose certificate is signed by somebody else."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with AwsFront(marked.pipeline.sandbox.aws_endpoint, tls=context) as front:
        yield front


def test_a_source_with_a_strange_certificate_gets_no_token(marked: World, stranger: AwsFront) -> None:
    done = marked.pipeline.fetch(ESD_API_URL=f"{stranger.endpoint}/api")
    assert done.status == 2
    assert "certificate is not trusted" in done.result["error"]
    assert stranger.calls == []
    silent(marked, said(done))


def test_a_token_url_with_a_strange_certificate_gets_no_secret(marked: World, stranger: AwsFront) -> None:
    secret = {"ESD_URL": f"{stranger.endpoint}/token", "ESD_CLIENT_ID": "x", "ESD_SECRET_KEY": PASSWORD}
    client = marked.pipeline.sandbox.aws.client("secretsmanager")
    client.create_secret(Name="strange", SecretString=json.dumps(secret))
    done = marked.pipeline.fetch(ESD_SECRET_ID="strange")
    assert done.status == 2
    assert "certificate is not trusted" in done.result["error"]
    assert stranger.calls == []
    silent(marked, said(done))


@pytest.mark.parametrize("script", [FETCHER, LOADER])
def test_aws_with_a_strange_certificate_gets_nothing(
    marked: World, stranger: AwsFront, tmp_path: Path, script: str
) -> None:
    done = marked.pipeline.script(script, AWS_ENDPOINT_URL=stranger.endpoint, AWS_MAX_ATTEMPTS="1")
    assert done.status == 2
    assert "certificate is not trusted" in done.result["error"]
    assert stranger.calls == []
    trusted = {"AWS_ENDPOINT_URL": stranger.endpoint, "AWS_CA_BUNDLE": str(tmp_path / "ca.pem")}
    assert marked.pipeline.script(script, "--dry-run", **trusted).status in (0, 3)


# --- what they ask AWS for ----------------------------------------------------------------------------------


def test_each_script_makes_these_calls_and_no_others(marked: World) -> None:
    landing, quarantine, runs = f"{LANDING}year=", QUARANTINE, RUNS
    good = next(r for r in marked.source.records(marked.first) if isinstance(r["id"], int) and r["id"] > 9)
    marked.source.add(marked.schools[1], {**good, "id": 77})
    with AwsFront(marked.pipeline.sandbox.aws_endpoint) as front:
        marked.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint)
        for record in marked.source.records(marked.first):
            if isinstance(record["id"], int) and record["id"] > 9:
                marked.change(marked.first, record["id"], modifiedOn=None)
        first = max(r["id"] for r in marked.source.records(marked.first) if isinstance(r["id"], int))
        marked.change(marked.first, first, minutesLate="x")
        marked.change(marked.schools[1], 77, modifiedOn=None)
        marked.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint)
        fetched = places(front.calls, landing, quarantine, runs, LANDING)
        front.calls.clear()
        for _ in range(2):
            marked.pipeline.load(AWS_ENDPOINT_URL=front.endpoint)
        loaded = places(front.calls, landing, quarantine, runs, LANDING)
        front.calls.clear()
        aws = marked.pipeline.sandbox.aws
        aws.client("s3").put_object(Bucket=aws.bucket, Key=f"{LANDING}notes.txt", Body=b"x")
        marked.pipeline.load(AWS_ENDPOINT_URL=front.endpoint)
        found = places(front.calls, landing, quarantine, runs, LANDING)
        aws.client("s3").delete_object(Bucket=aws.bucket, Key=f"{LANDING}notes.txt")
        front.calls.clear()
        marked.pipeline.load("--verify", AWS_ENDPOINT_URL=front.endpoint)
        verified = places(front.calls, landing, quarantine, runs, LANDING)
    assert fetched == {
        ("GetSecretValue", "prod/edna/esd_credentials"),
        ("ListObjectsV2", LANDING),
        ("GetObject", landing),  # to compare what was there
        ("PutObject", landing),
        ("ListObjectsV2", quarantine),
        ("GetObject", quarantine),
        ("PutObject", quarantine),
        ("ListObjectsV2", runs),  # what of the quarantine was reported
        ("GetObject", runs),
        ("PutObject", runs),
    }
    looked = {
        ("GetSecretValue", "prod/edna/redshift_credentials"),
        ("ListObjectsV2", LANDING),
        ("ListObjectsV2", landing),
        ("PutObject", runs),
    }
    assert loaded == {*looked, ("ListObjectsV2", runs), ("GetObject", runs)}  # runs that have no row yet
    assert found == loaded
    assert verified == {*looked, ("GetObject", landing)}  # the footers


def places(calls: list[Call], *prefixes: str) -> set[tuple[str, str]]:
    """Actions with the longest of these prefixes that their key begins with; a key elsewhere stands alone."""
    found = set()
    for call in calls:
        known = [prefix for prefix in prefixes if call.key.startswith(prefix)]
        found.add((call.action, max(known, key=len, default=call.key)))
    return found
