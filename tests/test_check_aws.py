"""--check of what both scripts need of AWS, against moto behind a server that refuses as AWS does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import boto3
import pytest

from attendance_common.check import Checks
from attendance_common.check_aws import check_aws
from attendance_common.config import AwsSettings
from attendance_common.errors import AttendanceError
from attendance_common.landing import Areas
from tests.sandbox import Sandbox
from tests.sandbox.aws_front import AwsFront, Refusal, refuse

STORED = "landing/attendance/an-object"


@pytest.fixture
def front(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[AwsFront]:
    with AwsFront(sandbox.aws_endpoint) as opened:
        for name, value in {**sandbox.environment, "AWS_ENDPOINT_URL": opened.endpoint}.items():
            monkeypatch.setenv(name, value)
        yield opened


def checked(
    bucket: str = "edna-prod", kms_key_id: str | None = None
) -> tuple[list[str], AttendanceError | None]:
    """The lines, and the error that they lead to."""
    lines: list[str] = []
    checks = Checks(lines.append)
    areas = Areas(bucket, "landing/attendance/")
    settings = AwsSettings(
        bucket,
        areas.landing,
        "us-east-1",
        kms_key_id,
        alert_topic=None,
        heartbeat_url=None,
        metrics_namespace=None,
        log_format="text",
    )
    check_aws(checks, settings, areas, read=[areas.landing], written=[areas.landing])
    try:
        checks.conclude()
    except AttendanceError as error:
        return lines, error
    return lines, None


def test_all_is_well_and_nothing_was_written(front: AwsFront, sandbox: Sandbox) -> None:
    lines, error = checked()
    assert error is None
    assert [line.partition(":")[0] for line in lines] == [
        "✓ AWS identity",
        "✓ clock",
        "✓ list s3",
        "- read s3",
        "✓ write s3",
        "- KMS key",
    ]
    assert "region us-east-1" in lines[0]
    assert lines[2] == "✓ list s3://edna-prod/landing/attendance/: allowed, empty"
    assert lines[3].endswith("there is no object to read yet: check again when there is one")
    assert lines[4] == "✓ write s3://edna-prod/landing/attendance/: allowed"
    assert sandbox.aws.client("s3").list_objects_v2(Bucket="edna-prod")["KeyCount"] == 0


def store(sandbox: Sandbox) -> None:
    sandbox.aws.client("s3").put_object(Bucket="edna-prod", Key=STORED, Body=b"as it was")


def test_what_is_not_allowed_is_named_with_its_cure_and_all_else_is_tried(
    front: AwsFront, sandbox: Sandbox
) -> None:
    store(sandbox)
    for action, verb in {"ListObjectsV2": "list", "GetObject": "read", "PutObject": "write"}.items():
        front.rule = refuse(Refusal(403, "AccessDenied"), action)
        lines, error = checked()
        [denied] = [line for line in lines if line.startswith(f"✗ {verb} s3://edna-prod/landing/attendance/")]
        assert "its policy in docs/policies" in denied
        assert error is not None
        assert (error.exit_status, f"{verb} s3://edna-prod/landing/attendance/" in str(error)) == (2, True)
    assert lines[-1][0] == "-"  # all else is tried


def test_a_listing_says_how_many_objects_came(front: AwsFront, sandbox: Sandbox) -> None:
    store(sandbox)
    assert checked()[0][2] == "✓ list s3://edna-prod/landing/attendance/: allowed, 1 object"


def test_a_403_for_an_object_that_does_not_exist_counts_until_there_is_one(
    front: AwsFront, sandbox: Sandbox
) -> None:
    front.rule = refuse(Refusal(403, "AccessDenied"), "PutObject", "_check")
    lines, error = checked()
    assert lines[4].startswith("✗ write s3://edna-prod/landing/attendance/")
    assert error is not None
    store(sandbox)
    lines, error = checked()
    assert (lines[3][0], lines[4][0], error) == ("✓", "✓", None)
    assert sandbox.aws.client("s3").get_object(Bucket="edna-prod", Key=STORED)["Body"].read() == b"as it was"


def test_a_bucket_that_does_not_exist(front: AwsFront) -> None:
    lines, error = checked(bucket="edna-absent")
    assert [line[0] for line in lines] == ["✓", "✓", "✗", "✗", "✗", "-"]
    for line in lines[2:5]:
        assert "the bucket does not exist: check S3_BUCKET" in line
    assert error is not None
    assert error.exit_status == 2


def test_a_clock_that_is_off(front: AwsFront, monkeypatch: pytest.MonkeyPatch) -> None:
    late = dt.datetime.now(dt.timezone.utc) + dt.timedelta(minutes=7)
    monkeypatch.setattr("attendance_common.check_aws.now", lambda: late)
    lines, error = checked()
    assert lines[1].startswith("✗ clock: it is 4")
    assert "set it" in lines[1]
    assert error is not None
    assert error.exit_status == 2


def test_credentials_that_aws_does_not_know_end_the_aws_part(front: AwsFront) -> None:
    front.rule = lambda _: Refusal(403, "InvalidClientTokenId")
    lines, error = checked()
    assert [line[0] for line in lines] == ["✗", "-"]
    assert "the AWS credentials are not valid" in lines[0]
    assert error is not None
    assert error.exit_status == 2


def test_aws_that_cannot_be_reached_may_pass(monkeypatch: pytest.MonkeyPatch, front: AwsFront) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    lines, error = checked()
    assert "AWS could not be reached" in lines[0]
    assert error is not None
    assert error.exit_status == 1


def test_a_kms_key_encrypts_and_decrypts_or_is_named(front: AwsFront, sandbox: Sandbox) -> None:
    key = boto3.client("kms", endpoint_url=sandbox.aws_endpoint).create_key()["KeyMetadata"]["KeyId"]
    lines, error = checked(kms_key_id=key)
    assert (lines[-1], error) == ("✓ KMS key: encrypts and decrypts", None)
    lines, error = checked(kms_key_id="00000000-0000-0000-0000-000000000000")
    assert lines[-1].startswith("✗ KMS key: 00000000-0000-0000-0000-000000000000 (check")
    assert "S3_KMS_KEY_ID" in lines[-1]
    assert error is not None
    assert error.exit_status == 2
