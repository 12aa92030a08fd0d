"""The IAM policies: each script does its work under its own, and needs all of it; nothing is too wide."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest

from attendance_common import policies
from attendance_common.landing import Areas
from tests.bucket import ALERTS, LANDING, QUARANTINE
from tests.pipeline import FETCHER, LOADER
from tests.rendered import POLICIES
from tests.sandbox.aws_front import AwsFront, Call, Refusal
from tests.world import World

Statement = dict[str, Any]
WRITTEN = {path.stem: json.loads(path.read_text()) for path in POLICIES.glob("*.json")}
ACTIONS = {
    "GetSecretValue": "secretsmanager:GetSecretValue",
    "ListObjectsV2": "s3:ListBucket",
    "Publish": "sns:Publish",
}
TOPIC = "arn:aws:sns:us-east-1:123456789012:attendance"
DENIED = {"GetSecretValue": "AccessDeniedException"}


def statements(name: str) -> list[Statement]:
    found: list[Statement] = WRITTEN[name]["Statement"]
    return found


def test_there_is_a_policy_for_each_who_needs_one() -> None:
    assert set(WRITTEN) == {"fetcher", "loader", "alerts", "spectrum-role", "spectrum-trust"}


@pytest.mark.parametrize("name", ["fetcher", "loader", "alerts", "spectrum-role"])
def test_actions_and_resources_are_named_one_by_one(name: str) -> None:
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        assert "*" not in "".join(statement["Action"])
        if statement["Action"] == ["cloudwatch:PutMetricData"]:  # it has no resource: the namespace bounds it
            assert statement["Condition"] == {"StringEquals": {"cloudwatch:namespace": "SchoolAttendance"}}
            continue
        for resource in statement["Resource"]:
            assert resource.startswith("arn:aws:")
            assert resource.rpartition(":")[2] != "*"
        assert "s3:ListBucket" not in statement["Action"] or "s3:prefix" in str(statement["Condition"])


def test_nothing_is_deleted_in_the_landing_zone_and_only_the_fetcher_writes_there() -> None:
    for name in WRITTEN.keys() - {"spectrum-trust"}:
        for statement in statements(name):
            in_landing = any("/landing/" in resource for resource in statement["Resource"])
            assert not in_landing or "s3:DeleteObject" not in statement["Action"]
            assert not in_landing or name == "fetcher" or "s3:PutObject" not in statement["Action"]


def test_only_redshift_may_assume_spectrums_role() -> None:
    [trust] = statements("spectrum-trust")
    assert trust == {
        "Effect": "Allow",
        "Principal": {"Service": "redshift.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }


def test_another_installations_policies_name_its_own_places() -> None:
    where = policies.Installation(
        account="210987654321",
        region="eu-west-1",
        areas=Areas("another", "a/landing/b/"),
        esd_secret="esd",
        redshift_secret="dwh",
        glue_database="glue",
    )
    text = "".join(policies.files(where).values())
    for default in ("123456789012", "us-east-1", "edna", "raw_esd"):
        assert default not in text


# --- against the calls that the scripts make ----------------------------------------------------------------


class Account:
    """Allows what a policy allows, as IAM would, and remembers by which permission."""

    def __init__(self, *names: str, without: tuple[int, str] | None = None) -> None:
        self._statements = [statement for name in names for statement in statements(name)]
        self._without = without  # number of a statement, and an action of it that is not allowed
        self.used: set[tuple[int, str]] = set()

    def rule(self, call: Call) -> Refusal | None:
        """The rule of the server before AWS."""
        if call.action == "GetCallerIdentity":  # it needs no permission (STS API)
            return None
        for number, statement in enumerate(self._statements):
            action = ACTIONS.get(call.action, f"s3:{call.action}")
            if (number, action) == self._without:
                continue
            if action in statement["Action"] and self._covers(statement, call):
                self.used.add((number, action))
                return None
        return Refusal(403, DENIED.get(call.action, "AccessDenied"))

    def _covers(self, statement: Statement, call: Call) -> bool:
        only = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
        if only is not None:
            return any(fnmatchcase(call.key, pattern) for pattern in only)
        return any(fnmatchcase(_resource(call), pattern) for pattern in statement["Resource"])

    @property
    def given(self) -> set[tuple[int, str]]:
        """Its permissions: number of the statement, action."""
        return {(n, action) for n, each in enumerate(self._statements) for action in each["Action"]}

    def unused(self) -> set[tuple[int, str]]:
        """Permissions that no call needed."""
        return self.given - self.used


def _resource(call: Call) -> str:
    if call.action == "GetSecretValue":
        return f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{call.key}-AbCdEf"
    return TOPIC if call.action == "Publish" else f"arn:aws:s3:::edna-prod/{call.key}"


def put_into_quarantine(world: World, record: dict[str, Any]) -> None:
    """Put a record there that this version can read."""
    line = {
        "schoolId": world.schools[1],
        "schoolYearId": 55,
        "since": "2026-01-01T00:00:00+00:00",
        "reason": "not yet readable",
        "record": json.dumps(record),
    }
    aws = world.pipeline.sandbox.aws
    key = f"{QUARANTINE}school_{world.schools[1]}.jsonl"
    aws.client("s3").put_object(Bucket=aws.bucket, Key=key, Body=json.dumps(line).encode() + b"\n")


def test_the_fetcher_does_its_work_under_its_policy_and_needs_all_of_it(world: World) -> None:
    account = Account("fetcher")
    good = world.source.records(world.first)[0]
    with AwsFront(world.pipeline.sandbox.aws_endpoint, account.rule) as front:
        world.source.add(world.first, {**good, "id": 99, "studentId": None})
        assert world.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint).status == 3
        world.change(world.first, good["id"], modifiedOn=None)
        assert world.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint).status == 0
        put_into_quarantine(world, {**good, "id": 98})
        replayed = world.pipeline.fetch("--replay-quarantine", AWS_ENDPOINT_URL=front.endpoint)
    assert replayed.result["landed"] == 1
    assert account.unused() == set()


def test_the_loader_does_its_work_under_its_policy_and_needs_all_of_it(world: World) -> None:
    account = Account("loader")
    world.pipeline.fetch()
    with AwsFront(world.pipeline.sandbox.aws_endpoint, account.rule) as front:
        assert world.pipeline.load(AWS_ENDPOINT_URL=front.endpoint).status == 0
        world.pipeline.sandbox.aws.client("s3").put_object(
            Bucket=world.pipeline.sandbox.aws.bucket, Key=f"{LANDING}notes.txt", Body=b"x"
        )
        assert world.pipeline.load(AWS_ENDPOINT_URL=front.endpoint).status == 3
        assert world.pipeline.load(AWS_ENDPOINT_URL=front.endpoint).result["standing"] == 1
        verified = world.pipeline.load("--verify", AWS_ENDPOINT_URL=front.endpoint)
        assert (verified.status, len(verified.result["attention"])) == (3, 1)
    assert account.unused() == set()


def test_an_alert_is_sent_under_the_policy_of_alerts(world: World) -> None:
    account = Account("loader", "alerts")
    aws = world.pipeline.sandbox.aws
    options = {"endpoint_url": aws.endpoint, "region_name": aws.region}
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    boto3.client("sns", **options, **keys).create_topic(Name="attendance")  # type: ignore[call-overload]
    with AwsFront(world.pipeline.sandbox.aws_endpoint, account.rule) as front:
        done = world.pipeline.load(AWS_ENDPOINT_URL=front.endpoint, ALERT_SNS_TOPIC_ARN=TOPIC)
    assert done.status == 3  # nothing is landed
    assert "could not send" not in done.story
    assert {action for _, action in account.used} >= {"sns:Publish", "s3:PutObject"}
    assert list(world.bucket.keys(ALERTS)) == ["load.json"]


SCRIPTS = {"fetcher": FETCHER, "loader": LOADER}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_check_finds_no_fault_under_the_policy_alone(world: World, name: str) -> None:
    """S3 answers 403, not 404, for an object that does not exist; so does the server before it."""
    with AwsFront(world.pipeline.sandbox.aws_endpoint, Account(name).rule) as front:
        first = world.pipeline.script(SCRIPTS[name], "--check", AWS_ENDPOINT_URL=front.endpoint)
        assert first.status == 0, first.output  # nothing is landed yet
        assert world.pipeline.fetch().status == 0
        assert world.pipeline.load().status == 0
        later = world.pipeline.script(SCRIPTS[name], "--check", AWS_ENDPOINT_URL=front.endpoint)
        assert later.status == 0, later.output


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_check_finds_each_permission_that_is_missing(world: World, name: str) -> None:
    world.source.add(world.first, {**world.source.records(world.first)[0], "id": 99, "studentId": None})
    assert world.pipeline.fetch().status == 3  # each area has an object
    assert world.pipeline.load().status == 0
    with AwsFront(world.pipeline.sandbox.aws_endpoint) as front:
        found = {}
        for missing in Account(name).given:
            front.rule = Account(name, without=missing).rule
            found[missing] = world.pipeline.script(
                SCRIPTS[name], "--check", AWS_ENDPOINT_URL=front.endpoint
            ).status
    assert found == dict.fromkeys(Account(name).given, 2)


@pytest.mark.parametrize(("policy", "call"), [
    ("loader", Call("PutObject", "raw_esd/incoming/periodAttendance/operational/runs/fetch/x.json")),
    ("loader", Call("GetObject", "raw_esd/incoming/periodAttendance/operational/quarantine/school_1/x")),
    ("loader", Call("GetSecretValue", "prod/edna/esd_credentials")),
    ("fetcher", Call("DeleteObject", "raw_esd/incoming/periodAttendance/operational/claims/school_1.json")),
    ("fetcher", Call("ListObjectsV2", "")),
])  # fmt: skip
def test_the_account_does_refuse(policy: str, call: Call) -> None:
    assert Account(policy).rule(call) is not None
