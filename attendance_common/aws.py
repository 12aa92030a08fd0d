"""AWS clients, the Secrets Manager look-up, and what an AWS error means to the operator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attendance_common.config import AwsSettings
from attendance_common.errors import AwsError

if TYPE_CHECKING:  # boto3 takes its time to import: only when it is used, so that --help answers at once
    import boto3
    from mypy_boto3_s3 import S3Client

DEFAULT_REGION = "us-east-1"

_CURES = {
    "NoSuchBucket": "the bucket does not exist: check S3_BUCKET",
    "AccessDenied": "access denied: give this role the README's IAM policy",
    "AccessDeniedException": "access denied: give this role the README's IAM policy",
    "ExpiredToken": "the AWS credentials have expired: renew them",
    "ExpiredTokenException": "the AWS credentials have expired: renew them",
    "InvalidAccessKeyId": "the AWS access key is not known: check the AWS credentials",
    "SignatureDoesNotMatch": "the AWS secret key is wrong: check the AWS credentials",
    "UnrecognizedClientException": "the AWS credentials are not valid: check them",
    "RequestTimeTooSkewed": "this machine's clock is off: set it",
    "ResourceNotFoundException": "not found",
}


def _session(settings: AwsSettings) -> boto3.session.Session:
    from boto3.session import Session

    session = Session(region_name=settings.region)
    return session if session.region_name else Session(region_name=DEFAULT_REGION)


def s3_client(settings: AwsSettings, connections: int) -> S3Client:
    """An S3 client for so many threads; timeouts and retries are botocore's, bounded."""
    from botocore.config import Config
    from botocore.handlers import add_expect_header

    # A name of one's own in S3's logs; putting botocore's together is a tenth of what a PUT costs.
    config = Config(
        user_agent="period-attendance",
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": 5},
    )
    with explained("S3"):
        client = _session(settings).client("s3", config=config)
    # Objects are small: asking before a body is sent costs another round trip, read byte by byte (botocore's
    # AWSConnection), and spares nothing.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def read_secret(
    settings: AwsSettings, secret_id: str, variable: str, keys: tuple[str, ...]
) -> dict[str, str]:
    """The secret's JSON object; it must hold `keys`. Its values never reach a log, an error or a repr."""
    session = _session(settings)
    with explained(f"secret {secret_id!r} in {session.region_name} (check {variable} and AWS_REGION)"):
        answer = session.client("secretsmanager").get_secret_value(SecretId=secret_id)
    try:
        values = json.loads(answer.get("SecretString") or "")
    except ValueError:
        values = None  # the text of the error would hold the secret
    if not isinstance(values, dict):
        raise AwsError(f"secret {secret_id!r} must be a JSON object with {', '.join(keys)}")
    missing = [key for key in keys if not values.get(key)]
    if missing:
        raise AwsError(f"secret {secret_id!r} has no {', '.join(missing)}: add it to the secret's JSON")
    return values


def encryption(settings: AwsSettings) -> dict[str, Any]:
    """What every PUT says of the KMS key, if there is one."""
    if settings.kms_key_id is None:
        return {}
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.kms_key_id}


def listed(client: S3Client, bucket: str, prefix: str) -> dict[str, str]:
    """Every key below the prefix, without it -> ETag."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = (entry for page in pages for entry in page.get("Contents", []))
    return {entry["Key"].removeprefix(prefix): entry["ETag"].strip('"') for entry in found}


def put_if(client: S3Client, replaces: str | None, **put: Any) -> str | None:
    """Put an object if the one there has the ETag `replaces`, or none is there (None); gives the new ETag.

    None when that does not hold: S3 says 404, 409 or 412 then.
    """
    from botocore.exceptions import ClientError

    condition: dict[str, Any] = {"IfMatch": f'"{replaces}"'} if replaces else {"IfNoneMatch": "*"}
    try:
        return client.put_object(**put, **condition)["ETag"].strip('"')
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 409, 412):
            return None
        raise


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn botocore's errors into an AwsError that names what was asked for and the cure."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise AwsError(f"{what}: {_CURES.get(code, 'AWS refused')} ({code})") from error
    except BotoCoreError as error:
        raise AwsError(f"{what}: {_unreachable(error)}") from error


def _unreachable(error: Exception) -> str:
    name = type(error).__name__
    if name in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return "no AWS credentials were found: give this machine a role or set AWS_ACCESS_KEY_ID"
    return f"AWS could not be reached: check the network, AWS_ENDPOINT_URL and AWS_REGION ({name})"
