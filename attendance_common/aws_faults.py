"""Translates errors of AWS, and of the way to it, into AwsErrors that name the cure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attendance_common import proxies
from attendance_common.config import proxy_variables
from attendance_common.errors import AwsError, causes, is_untrusted_certificate

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_POLICY = "access denied: give this role its policy in docs/policies"
_EXPIRED = "the AWS credentials have expired: renew them"
_CLOCK = "this machine's clock is off: set it"
_WRONG_KEY = "the AWS secret key is wrong, or this machine's clock is off: check both"
_UNKNOWN = "the AWS credentials are not valid: check them"
_KMS_KEY = "the KMS key cannot be used: check S3_KMS_KEY_ID and the key's policy"
_BUCKET = "check S3_BUCKET and AWS_REGION"

# Error codes that a person has to mend -> the cure. Any other code may pass, such as SlowDown.
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
    "RequestExpired": _CLOCK,
    "RequestInTheFuture": _CLOCK,
    "InvalidAccessKeyId": "the AWS access key is not known: check the AWS credentials",
    "SignatureDoesNotMatch": _WRONG_KEY,
    "InvalidSignatureException": _WRONG_KEY,
    "InvalidClientTokenId": _UNKNOWN,
    "InvalidToken": _UNKNOWN,
    "UnrecognizedClientException": _UNKNOWN,
    "RequestTimeTooSkewed": _CLOCK,
    "ResourceNotFoundException": "not found",
    "InvalidRequestException": "it cannot be read, perhaps since it is marked for deletion: restore it",
    "DecryptionFailure": "it cannot be decrypted: check its KMS key and the key's policy",
    "NotFoundException": _KMS_KEY,
    "DisabledException": _KMS_KEY,
    "KMS.NotFoundException": _KMS_KEY,
    "KMS.DisabledException": _KMS_KEY,
    "KMS.KMSInvalidStateException": _KMS_KEY,
}
_NO_RIGHT = (401, 403)

_NO_CREDENTIALS = (
    "no AWS credentials were found: give this machine a role, or set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
)
_SIGN_IN = "the sign-in to AWS has ended: run `aws sso login`, or give this machine a role"
# botocore's exceptions that a person has to mend -> the cure, with fields of the exception. Others may pass.
_TO_MEND = {
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": "{cred_var} is missing ({provider}): give both parts of the key",
    "UnauthorizedSSOTokenError": _SIGN_IN,
    "SSOTokenLoadError": _SIGN_IN,
    "TokenRetrievalError": _SIGN_IN,
    "LoginRefreshRequired": _SIGN_IN,
    "LoginTokenLoadError": _SIGN_IN,
    "ProfileNotFound": "the AWS configuration has no profile {profile!r}: check AWS_PROFILE",
    "ConfigNotFound": "the AWS configuration file {path} is not there: check AWS_CONFIG_FILE",
    "ConfigParseError": "the AWS configuration file {path} cannot be read: correct it",
    "InvalidConfigError": "the AWS configuration is wrong: {error_msg}",
    "InvalidRegionError": "no region can have this name: check AWS_REGION and the profile's region",
    "ParamValidationError": "this cannot be asked for: check S3_BUCKET and S3_PREFIX",
}
_CONFIGURATION = {
    "InvalidRetryModeError",
    "InvalidRetryConfigurationError",
    "InvalidMaxRetryAttemptsError",
    "InvalidDefaultsMode",
    "InvalidS3AddressingStyleError",
    "InvalidSTSRegionalEndpointsConfigError",
    "InvalidEndpointConfigurationError",
    "MissingDependencyException",
    "UnknownCredentialError",
}
_SOURCES = ("CredentialRetrievalError", "MetadataRetrievalError")
_NO_SOURCE = "the source of the AWS credentials ({}) gives none now: `aws sts get-caller-identity` says why"
_CERTIFICATE = (
    "the TLS certificate is not trusted: check AWS_ENDPOINT_URL; "
    "the path of an own CA's file goes into AWS_CA_BUNDLE"
)
_CA_FILE = "the CA file cannot be read: check AWS_CA_BUNDLE and the profile's ca_bundle"


def refusal(what: str, response: Any) -> AwsError:
    """The error for an answer of AWS that refuses `what`: by its error code, else by its HTTP status."""
    code = response.get("Error", {}).get("Code", "unknown")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status == proxies.PASSWORD_WANTED:
        return _of_proxy(what, proxies.password_wanted(proxy_variables()))
    no_right = status in _NO_RIGHT
    cure = _CURES.get(code, _POLICY if no_right else "AWS refused")
    return AwsError(f"{what}: {cure} ({code})", to_mend=no_right or code in _CURES)


def failure(what: str, error: Exception) -> AwsError:
    """The error for a request for `what` that got no answer."""
    name, fields = type(error).__name__, getattr(error, "kwargs", {})
    if name in _TO_MEND:
        return AwsError(f"{what}: {_TO_MEND[name].format(**fields)} ({name})", to_mend=True)
    if name in _SOURCES:
        return AwsError(f"{what}: {_NO_SOURCE.format(fields.get('provider', 'the role of this machine'))}")
    if is_untrusted_certificate(error):
        return AwsError(f"{what}: {_CERTIFICATE}", to_mend=True)
    if proxy := proxies.fault(error, proxy_variables()):
        return _of_proxy(what, proxy)
    if any(isinstance(cause, FileNotFoundError | IsADirectoryError) for cause in causes(error)):
        return AwsError(f"{what}: {_CA_FILE} ({name})", to_mend=True)
    where = "check the network, AWS_ENDPOINT_URL and AWS_REGION"
    return AwsError(f"{what}: AWS could not be reached: {where} ({name})")


def of_the_machine(error: Exception, profile: str | None) -> AwsError:
    """The error for a client that could not be created: a wrong configuration, or no credentials.

    `profile`: the AWS profile in use; None when it could not be found.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    what = f"AWS profile {profile!r}" if profile else "AWS"
    if isinstance(error, ClientError):
        return _no_role(what, error)
    if isinstance(error, BotoCoreError) and type(error).__name__ not in _CONFIGURATION:
        return failure(what, error)
    if isinstance(error, EOFError):
        cure = "it asks for an MFA code: take a profile without mfa_serial, or give this machine a role"
    elif isinstance(error, OSError) and error.filename:
        cure = f"{error.filename} cannot be read or run: check AWS_WEB_IDENTITY_TOKEN_FILE and the profile"
    else:
        cure = "it cannot be used: check its region, endpoint_url and retry_mode, and the AWS_ variables"
    return AwsError(f"{what}: {cure} ({type(error).__name__})", to_mend=True)


def _no_role(what: str, error: ClientError) -> AwsError:
    """The error when AWS refuses credentials for a role or for a sign-in."""
    code = error.response.get("Error", {}).get("Code", "unknown")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    if _CURES.get(code, _POLICY) != _POLICY:
        return refusal(what, error.response)
    sentence = f"{what}: AWS refused {error.operation_name} ({code})"
    if status >= 500 or status == 429 or "Throttl" in code:
        return AwsError(sentence)
    return AwsError(f"{sentence}: check the profile's role, its trust policy, and the sign-in", to_mend=True)


def _of_proxy(what: str, fault: proxies.ProxyFault) -> AwsError:
    return AwsError(f"{what}: {fault.sentence}", to_mend=fault.to_mend)
