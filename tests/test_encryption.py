"""Objects under a KMS key: all of them, and a second run still writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bucket import LANDING, QUARANTINE, RUNS
from tests.sandbox import Sandbox
from tests.world import World

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

KEY = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """A world with one odd record, so that every kind of object is written."""
    world = World(sandbox)
    world.source.add(world.first, {**world.source.records(world.first)[0], "id": 99, "studentId": None})
    return world


def head(world: World, key: str) -> HeadObjectOutputTypeDef:
    aws = world.pipeline.sandbox.aws
    return aws.client("s3").head_object(Bucket=aws.bucket, Key=key)


def put_as_s3_would(world: World, key: str) -> None:
    """Give the object an ETag that is no MD5, as S3's are under a KMS key; moto keeps MD5s there.

    What is uploaded in parts has such an ETag in moto as well.
    """
    aws = world.pipeline.sandbox.aws
    s3, metadata, body = aws.client("s3"), head(world, key)["Metadata"], world.bucket.read(key)
    upload = s3.create_multipart_upload(
        Bucket=aws.bucket, Key=key, Metadata=metadata, ServerSideEncryption="aws:kms", SSEKMSKeyId=KEY
    )
    number = upload["UploadId"]
    part = s3.upload_part(Bucket=aws.bucket, Key=key, UploadId=number, PartNumber=1, Body=body)
    s3.complete_multipart_upload(
        Bucket=aws.bucket,
        Key=key,
        UploadId=number,
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
    )


def test_every_object_that_is_written_is_encrypted_with_the_key(world: World) -> None:
    assert world.pipeline.fetch(S3_KMS_KEY_ID=KEY).status == 3
    objects = world.bucket.keys("")
    for area in (LANDING, QUARANTINE, RUNS):
        assert [key for key in objects if key.startswith(area)]
    for key in objects:
        about = head(world, key)
        assert (about["ServerSideEncryption"], about["SSEKMSKeyId"]) == ("aws:kms", KEY), key


def test_what_a_replay_writes_is_encrypted_too(world: World) -> None:
    assert world.pipeline.fetch().status == 3
    aws = world.pipeline.sandbox.aws
    [name] = world.bucket.keys(QUARANTINE)
    line = world.bucket.read(QUARANTINE + name).decode()
    readable = line.replace('\\"studentId\\":null', '\\"studentId\\":5').replace('\\"id\\":99', '\\"id\\":98')
    assert readable != line
    aws.client("s3").put_object(Bucket=aws.bucket, Key=QUARANTINE + name, Body=(line + readable).encode())
    before = world.bucket.keys("")
    done = world.pipeline.fetch("--replay-quarantine", S3_KMS_KEY_ID=KEY)
    assert (done.status, done.result["landed"]) == (3, 1), done.story
    changed = {key for key, etag in world.bucket.keys("").items() if before.get(key) != etag}
    assert {key.startswith(LANDING) for key in changed} == {True, False}
    assert {head(world, key).get("SSEKMSKeyId") for key in changed} == {KEY}


def test_without_a_key_nothing_is_asked_of_the_bucket(world: World) -> None:
    assert world.pipeline.fetch().status == 3
    assert "SSEKMSKeyId" not in head(world, next(iter(world.bucket.keys(""))))


def test_a_second_run_writes_nothing_although_the_etags_are_no_md5s(world: World) -> None:
    assert world.pipeline.fetch(S3_KMS_KEY_ID=KEY).status == 3
    for name in world.bucket.keys(LANDING):
        put_as_s3_would(world, LANDING + name)
    before = world.bucket.keys(LANDING)
    assert all("-" in etag for etag in before.values())
    done = world.pipeline.fetch(S3_KMS_KEY_ID=KEY)
    assert (done.result["lists_written"], done.result["lists_unchanged"]) == (0, len(before))
    assert world.bucket.keys(LANDING) == before


def test_what_changed_is_written_all_the_same(world: World) -> None:
    assert world.pipeline.fetch(S3_KMS_KEY_ID=KEY).status == 3
    for name in world.bucket.keys(LANDING):
        put_as_s3_would(world, LANDING + name)
    record = world.source.records(world.schools[1])[0]
    world.change(world.schools[1], record["id"], comment="corrected", modifiedOn="2026-06-01T00:00:00Z")
    done = world.pipeline.fetch(S3_KMS_KEY_ID=KEY)
    assert (done.result["lists_written"], done.result["lists_unchanged"]) == (1, 9)
    world.source.remove(world.first, 99)
    world.publish()
    world.compare_landing()
