"""The checks of AWS that both scripts make with `--check`: identity, clock, bucket, KMS key."""

from __future__ import annotations

import datetime as dt
import email.utils
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from attendance_common import aws
from attendance_common.check import Checks, NotTried
from attendance_common.config import AwsSettings
from attendance_common.errors import AwsError
from attendance_common.landing import Areas
from attendance_common.numerals import counted

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLOCK_SECONDS = 300  # AWS refuses a request when the clock is off by more than 15 minutes
PROBE = "_check"  # Spectrum ignores names that begin with _ (DG: c-spectrum-external-tables)
NO_ETAG = f'"{"0" * 32}"'  # no object has it
REPLACED_NOTHING = ("NoSuchKey", "PreconditionFailed", "ConditionalRequestConflict")  # API: PutObject
MOST_LISTED = 1_000  # objects on a page of a listing (API: ListObjectsV2)


def check_aws(
    checks: Checks, settings: AwsSettings, areas: Areas, read: Sequence[str], written: Sequence[str]
) -> S3Client | None:
    """Try what a script does with AWS; returns the S3 client, or None when AWS does not know this machine.

    `read`: key prefixes that the script lists, and below which it reads. `written`: below which it writes.
    """
    identity = checks.attempt(
        "AWS identity", lambda: _identity(settings), lambda found: f"{found['Arn']}, region {found['region']}"
    )
    if identity is None:
        checks.skip("bucket", "AWS does not know this machine")
        return None
    checks.attempt("clock", lambda: _seconds_off(identity), lambda off: f"{off:.0f} s from AWS's")
    s3 = aws.s3_client(settings, connections=2)
    for prefix in read:
        what = f"list s3://{areas.bucket}/{prefix}"
        checks.attempt(what, partial(_listing, s3, areas, prefix), _count)
    for prefix in read:
        what = f"read s3://{areas.bucket}/{prefix}"
        checks.attempt(what, partial(_may_read, s3, areas, prefix), lambda _: "allowed")
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
    if found >= MOST_LISTED:
        return f"allowed, {MOST_LISTED:,} or more objects"
    return f"allowed, {counted(found, 'object', 'objects')}" if found else "allowed, empty"


def _an_object(s3: S3Client, areas: Areas, prefix: str) -> str | None:
    """The key of an object below the prefix; None when there is none."""
    found = s3.list_objects_v2(Bucket=areas.bucket, Prefix=prefix, MaxKeys=1).get("Contents", [])
    return found[0]["Key"] if found else None


def _may_read(s3: S3Client, areas: Areas, prefix: str) -> None:
    """Begin to read an object; raises NotTried when there is none.

    An object that does not exist shows nothing: S3 answers 403 for it, too, to one who may not list the whole
    bucket (API: GetObject, "Permissions"), which the policies of this project do not allow.
    """
    with aws.explained(f"s3://{areas.bucket}/{prefix}"):
        key = _an_object(s3, areas, prefix)
        if key is None:
            raise NotTried("there is no object to read yet: check again when there is one")
        s3.get_object(Bucket=areas.bucket, Key=key)["Body"].close()


def _may_write(s3: S3Client, areas: Areas, prefix: str, settings: AwsSettings) -> None:
    """Try to replace an object of an ETag that none has; raises AwsError when S3 denies it.

    It begins with an object that does not exist, so that a store that does not know If-Match overwrites
    nothing. If-Match needs s3:PutObject and s3:GetObject (S3 User Guide: conditional-writes). Whether S3
    answers 403 in place of 404 here, as it does to GetObject, is not documented. So a 403 is tried again with
    an object that exists, if there is one.
    """
    from botocore.exceptions import ClientError

    with aws.explained(f"s3://{areas.bucket}/{prefix}"):
        try:
            _replace_nothing(s3, areas.bucket, prefix + PROBE, settings)
        except ClientError as denial:
            denied = denial.response["Error"]["Code"] == "AccessDenied"
            key = _an_object(s3, areas, prefix) if denied else None
            if key is None:
                raise
            _replace_nothing(s3, areas.bucket, key, settings)


def _replace_nothing(s3: S3Client, bucket: str, key: str, settings: AwsSettings) -> None:
    """Replace an object under a condition that no object meets; raises ClientError when S3 denies it."""
    from botocore.exceptions import ClientError

    put = {"Bucket": bucket, "Key": key, "Body": b"", "IfMatch": NO_ETAG, **aws.encryption(settings)}
    try:
        s3.put_object(**put)
    except ClientError as error:
        if error.response["Error"]["Code"] in REPLACED_NOTHING:
            return
        raise
    raise AwsError(
        f"the store wrote {key}, where there was nothing to replace: it does not know If-Match, and fetchers "
        "side by side would lose records; use a store that knows it, and delete that object",
        to_mend=True,
    )


def _use_key(settings: AwsSettings) -> None:
    """Encrypt and decrypt a data key, as S3 does for an object."""
    client = aws.client(settings, "kms")
    with aws.explained(f"{settings.kms_key_id} (check S3_KMS_KEY_ID and the key's policy)"):
        data_key = client.generate_data_key(KeyId=settings.kms_key_id, KeySpec="AES_256")
        client.decrypt(KeyId=settings.kms_key_id, CiphertextBlob=data_key["CiphertextBlob"])
