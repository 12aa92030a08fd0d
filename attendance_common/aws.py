"""AWS clients, reads from Secrets Manager, lists and conditional PUTs in S3, and a log of AWS requests."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from attendance_common import aws_faults, secret_text
from attendance_common.config import AwsSettings
from attendance_common.errors import AwsError
from attendance_common.log import event, log

if TYPE_CHECKING:  # boto3 is slow to import: functions import it, so that --help answers at once
    import boto3
    from mypy_boto3_s3 import S3Client

DEFAULT_REGION = "us-east-1"
_USER_AGENT = "period-attendance"


def _client(settings: AwsSettings, service: str, **options: Any) -> Any:
    """A client of the service, whose credentials were found; raises AwsError that names what is wrong."""
    profile = None
    try:
        session = _session(settings)
        profile = session.profile_name
        _have_credentials(session)
        return session.client(service, **options)  # type: ignore[call-overload]
    except Exception as error:  # botocore passes on any error of its configuration and of a credential source
        raise aws_faults.of_the_machine(error, profile) from error


def _have_credentials(session: boto3.session.Session) -> None:
    """Get the credentials now: a later error would name the bucket or the secret as the cause."""
    from botocore.exceptions import NoCredentialsError

    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    credentials.get_frozen_credentials()


def _session(settings: AwsSettings) -> boto3.session.Session:
    from boto3.session import Session

    session = Session(region_name=settings.region)
    return session if session.region_name else Session(region_name=DEFAULT_REGION)


def s3_client(settings: AwsSettings, connections: int) -> S3Client:
    """An S3 client for `connections` threads. botocore retries; attempts and timeouts are limited here."""
    from botocore.config import Config
    from botocore.handlers import add_expect_header

    # A short name in S3's logs. Building botocore's own user agent is a tenth of the time of a PUT.
    config = Config(
        user_agent=_USER_AGENT,
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": 5},
    )
    client: S3Client = _client(settings, "s3", config=config)
    _log_requests(client)
    # Objects are small, so `Expect: 100-continue` saves nothing. It costs a round trip, and botocore's
    # AWSConnection reads the answer to it byte by byte.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def client(settings: AwsSettings, service: str) -> Any:
    """A client of another service, with botocore's defaults."""
    created = _client(settings, service)
    _log_requests(created)
    return created


def brief_client(settings: AwsSettings, service: str, seconds: int, region: str | None = None) -> Any:
    """A client for a call that may fail: one attempt, with a timeout of so many seconds."""
    from botocore.config import Config

    config = Config(
        user_agent=_USER_AGENT,
        connect_timeout=seconds,
        read_timeout=seconds,
        retries={"total_max_attempts": 1},
        region_name=region,
    )
    created = _client(settings, service, config=config)
    _log_requests(created)
    return created


def read_secret(
    settings: AwsSettings, secret_id: str, variable: str, keys: tuple[str, ...]
) -> dict[str, str]:
    """The values of a secret by name: `keys`, which it must have, and those of `secret_text.OPTIONAL`.

    `variable`: the setting that names the secret, for the error. Raises AwsError. No value appears in a log,
    an error or a repr.
    """
    manager = client(settings, "secretsmanager")
    with explained(f"secret {secret_id!r} in {manager.meta.region_name} (check {variable} and AWS_REGION)"):
        answer = manager.get_secret_value(SecretId=secret_id)
    try:
        return secret_text.values(answer.get("SecretString") or answer.get("SecretBinary") or "", keys)
    except ValueError as fault:
        raise AwsError(
            f"secret {secret_id!r} {fault}", to_mend=True
        ) from None  # the text may hold the secret


def encryption(settings: AwsSettings) -> dict[str, Any]:
    """The parameters that name the KMS key in every PUT; empty when no key is set."""
    if settings.kms_key_id is None:
        return {}
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.kms_key_id}


def listed(client: S3Client, bucket: str, prefix: str, after: str = "") -> dict[str, str]:
    """The keys below a prefix, without the prefix -> ETag; only those that sort after `after`."""
    lister = client.get_paginator("list_objects_v2")
    pages = lister.paginate(Bucket=bucket, Prefix=prefix, StartAfter=prefix + after)
    found = (entry for page in pages for entry in page.get("Contents", []))
    return {entry["Key"].removeprefix(prefix): entry["ETag"].strip('"') for entry in found}


def put_if(client: S3Client, replaces: str | None, **put: Any) -> str | None:
    """Conditional PUT: replace the object that has the ETag `replaces`; None: create it if it does not exist.

    Returns the new ETag; None when S3 refused the condition (404, 409 or 412).
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
    """Turn botocore's errors in the block into an AwsError that names `what` was asked for, and the cure."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise aws_faults.refusal(what, error.response) from error
    except BotoCoreError as error:
        raise aws_faults.failure(what, error) from error


# --- the log with --verbose ---------------------------------------------------------------------------------

_BEGUN = "attendance-begun"


def _log_requests(client: Any) -> None:
    """With --verbose: log each HTTP request with its status and time, but no body and no header."""
    if log.isEnabledFor(logging.DEBUG):
        client.meta.events.register("request-created", _begin_request)
        client.meta.events.register("response-received", _end_request)


def _begin_request(request: Any, operation_name: str, **_: Any) -> None:
    request.context[_BEGUN] = time.monotonic(), f"{operation_name} {_asked_for(request.url)}".rstrip()


def _asked_for(url: str) -> str:
    """Bucket and key, or the key prefix of a listing."""
    parts = urlsplit(url)
    prefix = parse_qs(parts.query).get("prefix", [""])[0]
    return "/".join(filter(None, (unquote(parts.path).strip("/"), prefix)))


def _end_request(
    context: dict[str, Any], response_dict: dict[str, Any] | None, exception: Exception | None, **_: Any
) -> None:
    begun, what = context[_BEGUN]
    outcome = response_dict["status_code"] if response_dict else type(exception).__name__
    log.debug("AWS %s: %s in %.3f s", what, outcome, time.monotonic() - begun, extra=event("request"))
