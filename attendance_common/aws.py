"""AWS clients, the Secrets Manager look-up, and what an AWS error means to the operator."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from attendance_common.config import AwsSettings
from attendance_common.errors import AwsError, is_untrusted_certificate
from attendance_common.log import event, log

if TYPE_CHECKING:  # boto3 takes its time to import: only when it is used, so that --help answers at once
    import boto3
    from mypy_boto3_s3 import S3Client

DEFAULT_REGION = "us-east-1"

_POLICY = "access denied: give this role the README's IAM policy"
_EXPIRED = "the AWS credentials have expired: renew them"
_UNKNOWN = "the AWS credentials are not valid: check them"
_KMS_KEY = "the KMS key cannot be used: check S3_KMS_KEY_ID and the key's policy"
_BUCKET = "check S3_BUCKET and AWS_REGION"

# What a person has to put right. Any other code may pass: InternalError, SlowDown, ThrottlingException, …
_CURES = {
    "NoSuchBucket": "the bucket does not exist: check S3_BUCKET",
    "InvalidBucketName": "no bucket can have this name: check S3_BUCKET",
    "AllAccessDisabled": f"access denied: {_BUCKET}",
    "PermanentRedirect": f"the bucket is in another region: {_BUCKET}",
    "AuthorizationHeaderMalformed": f"the bucket is in another region: {_BUCKET}",
    "IllegalLocationConstraintException": f"the bucket is in another region: {_BUCKET}",
    "AccessDenied": _POLICY,
    "AccessDeniedException": _POLICY,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "InvalidAccessKeyId": "the AWS access key is not known: check the AWS credentials",
    "SignatureDoesNotMatch": "the AWS secret key is wrong: check the AWS credentials",
    "InvalidSignatureException": "the AWS secret key is wrong: check the AWS credentials",
    "InvalidClientTokenId": _UNKNOWN,
    "InvalidToken": _UNKNOWN,
    "UnrecognizedClientException": _UNKNOWN,
    "RequestTimeTooSkewed": "this machine's clock is off: set it",
    "ResourceNotFoundException": "not found",
    "InvalidRequestException": "it cannot be read, perhaps since it is marked for deletion: restore it",
    "DecryptionFailure": "it cannot be decrypted: check its KMS key and the key's policy",
    "KMS.NotFoundException": _KMS_KEY,
    "KMS.DisabledException": _KMS_KEY,
    "KMS.KMSInvalidStateException": _KMS_KEY,
}
_NO_RIGHT = (401, 403)

_NO_CREDENTIALS = "no AWS credentials were found: give this machine a role or set AWS_ACCESS_KEY_ID"
_SIGN_IN = "the sign-in to AWS has ended: sign in again"
# botocore's exceptions that a person has to put right; the others are of the network or of AWS itself.
_OF_THE_MACHINE = {
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "UnauthorizedSSOTokenError": _SIGN_IN,
    "SSOTokenLoadError": _SIGN_IN,
    "TokenRetrievalError": _SIGN_IN,
    "ProfileNotFound": "there is no such profile in the AWS configuration: check AWS_PROFILE",
    "ConfigParseError": "the AWS configuration file cannot be read: correct it",
    "InvalidRegionError": "no region has this name: check AWS_REGION",
    "ParamValidationError": "this cannot be asked for: check S3_BUCKET and S3_PREFIX",
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
    _log_requests(client)
    # Objects are small: asking before a body is sent costs another round trip, read byte by byte (botocore's
    # AWSConnection), and spares nothing.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def read_secret(
    settings: AwsSettings, secret_id: str, variable: str, keys: tuple[str, ...]
) -> dict[str, str]:
    """The secret's JSON object; it must hold `keys`. Its values never reach a log, an error or a repr."""
    with explained("Secrets Manager"):
        session = _session(settings)
        client = session.client("secretsmanager")
    _log_requests(client)
    with explained(f"secret {secret_id!r} in {session.region_name} (check {variable} and AWS_REGION)"):
        answer = client.get_secret_value(SecretId=secret_id)
    try:
        values = json.loads(answer.get("SecretString") or "")
    except ValueError:
        values = None  # the text of the error would hold the secret
    if not isinstance(values, dict):
        raise AwsError(f"secret {secret_id!r} must be a JSON object with {', '.join(keys)}", to_mend=True)
    missing = [key for key in keys if not values.get(key)]
    if missing:
        raise AwsError(
            f"secret {secret_id!r} has no {', '.join(missing)}: add it to the secret's JSON", to_mend=True
        )
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
        raise _refusal(what, error.response) from error
    except BotoCoreError as error:
        raise _failure(what, error) from error


def _refusal(what: str, response: Any) -> AwsError:
    """What AWS's answer means: by its code, else by its HTTP status."""
    code = response.get("Error", {}).get("Code", "unknown")
    no_right = response.get("ResponseMetadata", {}).get("HTTPStatusCode") in _NO_RIGHT
    cure = _CURES.get(code, _POLICY if no_right else "AWS refused")
    return AwsError(f"{what}: {cure} ({code})", to_mend=no_right or code in _CURES)


def _failure(what: str, error: Exception) -> AwsError:
    """What it means that there is no answer."""
    name = type(error).__name__
    if name in _OF_THE_MACHINE:
        return AwsError(f"{what}: {_OF_THE_MACHINE[name]} ({name})", to_mend=True)
    if is_untrusted_certificate(error):
        cure = "the TLS certificate is not trusted: check AWS_ENDPOINT_URL and AWS_CA_BUNDLE"
        return AwsError(f"{what}: {cure}", to_mend=True)
    if name in ("CredentialRetrievalError", "MetadataRetrievalError"):
        return AwsError(f"{what}: the source of the AWS credentials gives none now ({name})")
    where = "check the network, AWS_ENDPOINT_URL and AWS_REGION"
    return AwsError(f"{what}: AWS could not be reached: {where} ({name})")


# --- the log with --verbose ---------------------------------------------------------------------------------

_BEGUN = "attendance-begun"


def _log_requests(client: Any) -> None:
    """Log each HTTP request with its status and time; neither a body nor a header."""
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
