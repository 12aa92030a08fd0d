"""Reads one object of S3 whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attendance_common import aws

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Error codes of GetObject that are about one object; any other is about all (API: Error responses).
_OF_THE_OBJECT = {
    "InvalidObjectState": "it is archived",
    "InvalidRequest": "it is encrypted with a key that S3 does not hold",
}


class UnreadableObject(Exception):
    """S3 has the object, and cannot return it; the text says why."""


@dataclass(frozen=True)
class S3Object:
    """An object's body, ETag and metadata."""

    body: bytes
    etag: str
    metadata: Mapping[str, str]


def read_object(client: S3Client, bucket: str, key: str) -> S3Object | None:
    """Read the object under a key; None when it does not exist. Raises UnreadableObject, or AwsError."""
    from botocore.exceptions import ClientError

    with aws.explained(f"s3://{bucket}/{key}"):
        try:
            found = client.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            if why := _OF_THE_OBJECT.get(error.response["Error"]["Code"]):
                raise UnreadableObject(why) from error
            raise
        return S3Object(found["Body"].read(), found["ETag"].strip('"'), found["Metadata"])
