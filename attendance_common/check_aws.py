"""The checks of AWS that both scripts make with `--check`: identity, clock, bucket, KMS key."""

from __future__ import annotations

import datetime as dt
import email.utils
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from attendance_common import aws
from attendance_common.check import Checks
from attendance_common.config import AwsSettings
from attendance_common.errors import AwsError
from attendance_common.landing import Areas

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLOCK_SECONDS = 300  # AWS refuses a request when the clock is off by more than 15 minutes
PROBE = "_check"  # Spectrum ignores names that begin with _ (DG: c-spectrum-external-tables)
NO_ETAG = f'"{"0" * 32}"'  # no object has it
NOTHING_TO_REPLACE = ("NoSuchKey", "PreconditionFailed")  # API: PutObject, If-Match


def check_aws(
    checks: Checks, settings: AwsSettings, areas: Areas, listed: Sequence[str], written: Sequence[str]
) -> S3Client | None:
    """Try what a script does with AWS; returns the S3 client, or None when AWS does not know this machine.

    `listed`: key prefixes that the script lists. `written`: key prefixes below which it writes.
    """
    identity = checks.attempt(
        "AWS identity", lambda: _identity(settings), lambda found: f"{found['Arn']}, region {found['region']}"
    )
    if identity is None:
        checks.skip("bucket", "AWS does not know this machine")
        return None
    checks.attempt("clock", lambda: _seconds_off(identity), lambda off: f"{off:.0f} s from AWS's")
    s3 = aws.s3_client(settings, connections=2)
    for prefix in listed:
        what = f"list s3://{areas.bucket}/{prefix}"
        checks.attempt(what, partial(_listing, s3, areas, prefix), _count)
    for prefix in written:
        what = f"write s3://{areas.bucket}/{prefix}"
        checks.attempt(what, partial(_may_write, s3, areas, prefix, settings), lambda _: "allowed")
    if settings.kms_key_id is None:
        checks.skip("KMS key", "S3_KMS_KEY_ID is not set: objects are encrypted as the bucket says")
    else:
        checks.attempt("KMS key", lambda: _use_key(settings), lambda _: "encrypts and decrypts")
    return s3


def _identity(settings: AwsSettings) -> dict[str, Any]:
    """The identity by which AWS knows this machine, the headers of the answer, and the region."""
    client = aws.client(settings, "sts")
    with aws.explained("sts:GetCallerIdentity"):
        answer = client.get_caller_identity()
    return {**answer, "region": client.meta.region_name}


def now() -> dt.datetime:
    """The time by this machine's clock."""
    return dt.datetime.now(dt.timezone.utc)


def _seconds_off(answer: Mapping[str, Any]) -> float:
    """The seconds between this machine's clock and that of AWS; raises AwsError when they are too many."""
    server_time = email.utils.parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    off = abs((now() - server_time).total_seconds())
    if off > CLOCK_SECONDS:
        raise AwsError(f"it is {off:.0f} seconds off: set it (timedatectl set-ntp true)", to_mend=True)
    return off


def _listing(s3: S3Client, areas: Areas, prefix: str) -> int:
    """The number of objects on the first page of the listing."""
    with aws.explained(f"s3://{areas.bucket}/{prefix}"):
        return s3.list_objects_v2(Bucket=areas.bucket, Prefix=prefix)["KeyCount"]


def _count(found: int) -> str:
    return "allowed, empty" if not found else f"allowed, {found if found < 1000 else '1,000 or more'} objects"


def _may_write(s3: S3Client, areas: Areas, prefix: str, settings: AwsSettings) -> None:
    """Try to replace an object that does not exist: S3 answers that it is missing, or denies writing."""
    from botocore.exceptions import ClientError

    key = prefix + PROBE
    put = {"Bucket": areas.bucket, "Key": key, "Body": b"", "IfMatch": NO_ETAG, **aws.encryption(settings)}
    with aws.explained(f"s3://{areas.bucket}/{key}"):
        try:
            s3.put_object(**put)
        except ClientError as error:
            if error.response["Error"]["Code"] in NOTHING_TO_REPLACE:
                return
            raise
    raise AwsError(
        f"the store wrote {key}, where there was nothing to replace: it does not know If-Match, and fetchers "
        "side by side would lose records; use a store that knows it, and delete that object",
        to_mend=True,
    )


def may_read(s3: S3Client, areas: Areas, prefix: str) -> None:
    """Read an object that does not exist. S3 answers 404 only to a role that may list and read."""
    from botocore.exceptions import ClientError

    key = prefix + PROBE
    with aws.explained(f"s3://{areas.bucket}/{key}"):
        try:
            s3.get_object(Bucket=areas.bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOTHING_TO_REPLACE:
                raise


def _use_key(settings: AwsSettings) -> None:
    """Encrypt and decrypt a data key, as S3 does for an object."""
    client = aws.client(settings, "kms")
    with aws.explained(f"{settings.kms_key_id} (check S3_KMS_KEY_ID and the key's policy)"):
        data_key = client.generate_data_key(KeyId=settings.kms_key_id, KeySpec="AES_256")
        client.decrypt(KeyId=settings.kms_key_id, CiphertextBlob=data_key["CiphertextBlob"])
