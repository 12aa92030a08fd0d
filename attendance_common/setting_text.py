"""Parsers of settings: each returns the value of a text, or raises ValueError that says what it must be.

`plain_text.plain` has removed blanks and quotes around the text. No error quotes the text: it may be a secret
that was put into the wrong setting.
"""

from __future__ import annotations

import itertools
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from attendance_common.plain_text import odd_character

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9])?")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
# docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html, without those that SQL has to quote
_KEY = re.compile(r"[A-Za-z0-9!_.*()/=+@:,&$;-]+")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")
# docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html; `:` of an ARN
_SECRET_ID = re.compile(r"[A-Za-z0-9/_+=.@!:-]+")
_KMS_KEY = re.compile(r"[A-Za-z0-9/_:-]+")
# docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html; no FIFO topic: it needs a message group
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}")
# docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html; AWS/ is reserved
_NAMESPACE = re.compile(r"(?!AWS/|:)[A-Za-z0-9_.#:/-]{1,255}")
_ENDS = re.compile(r"/v1(/schools|/periodAttendance)?$", re.IGNORECASE)
_LONGEST_NUMBER = 20


def text(value: str) -> str:
    """A text without invisible characters; it may have blanks."""
    if odd := odd_character(value, blanks=True):
        raise ValueError(odd)
    return value


def no_blanks(value: str) -> str:
    """A text without invisible characters and without blanks."""
    if odd := odd_character(value, blanks=False):
        raise ValueError(odd)
    return value


def _like(pattern: re.Pattern[str], must: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if not pattern.fullmatch(no_blanks(value)):
            raise ValueError(must)
        return value

    return parse


region = _like(_REGION, "must be the name of an AWS region, such as us-east-1")
secret_id = _like(_SECRET_ID, "must be the name or the ARN of a secret, such as prod/edna/esd_credentials")
kms_key_id = _like(_KMS_KEY, "must be the id, the alias or the ARN of a KMS key, such as alias/edna")
topic_arn = _like(
    _TOPIC, "must be the ARN of an SNS topic, such as arn:aws:sns:us-east-1:123456789012:alerts"
)
metrics_namespace = _like(_NAMESPACE, "must be a CloudWatch namespace, such as SchoolAttendance")
_bucket_name = _like(
    _BUCKET, "must be 3 to 63 lower-case letters, digits, dots and hyphens: no bucket can have this name"
)
_key = _like(_KEY, "must be ASCII letters, digits and any of !_.*()/=+@:,&$;-")
_host_name = _like(_HOST, "must be the name of a host, such as cluster.example.com")


def bucket(value: str) -> str:
    """The name of a bucket."""
    if value.startswith("s3:") or "/" in value:
        raise ValueError("must be a bucket's name alone, without s3:// and folders")
    return _bucket_name(value)


def prefix(value: str) -> str:
    """A key prefix of at least two folders, with a slash at its end: quarantine is next to these two."""
    if value.startswith(("s3:", "arn:")):
        raise ValueError("must be the folders alone, without s3:// and the bucket")
    folders = value.strip("/").split("/")
    if len(folders) < 2 or {"", ".", ".."} & set(folders):
        raise ValueError("must be at least two folders deep, such as landing/period_attendance/")
    return _key("/".join(folders)) + "/"


def host(value: str) -> str:
    """The name or the address of a host."""
    if _IPV6.fullmatch(value):
        return value
    if "/" in value or ":" in value:
        raise ValueError("must be the host alone, without https://, jdbc:, port and database")
    return _host_name(value)


def secure_url(value: str) -> str:
    """An https URL, returned without a trailing slash. A secret is sent to it: http only to this machine."""
    parts = url_parts(value)
    if "@" in parts.netloc:
        raise ValueError("must be a URL without a user and a password")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return value.rstrip("/")
    raise ValueError("must be an https:// URL")


def base_url(value: str) -> str:
    """A secure URL to which `/v1/…` can be added."""
    url = secure_url(value)
    if "?" in url or "#" in url:
        raise ValueError("must be a URL without ? and #")
    if _ENDS.search(url):
        raise ValueError("must end before /v1, such as https://<district>.eschooldata.com/api")
    folders = urlsplit(url).path.split("/")
    if any(folder and folder == after for folder, after in itertools.pairwise(folders)):
        raise ValueError("has a part of its path twice")
    return url


def heartbeat_url(value: str) -> str:
    """The URL of a monitor, unchanged; it may contain `{command}`."""
    parts = url_parts(value.replace("{command}", "load"))
    if parts.scheme not in ("https", "http") or "@" in parts.netloc:
        raise ValueError("must be an https:// or http:// URL without a user and a password")
    return value


def url_parts(value: str) -> SplitResult:
    """The parts of a URL that has a host and no second URL in it."""
    if not no_blanks(value).isascii():
        raise ValueError("must be a URL of ASCII characters: write an international host as xn--…")
    if value.lower().count("://") > 1:
        raise ValueError("must be one URL: it has :// twice")
    try:
        parts = urlsplit(value)
        named = parts.hostname and (_IPV6.fullmatch(parts.hostname) or _HOST.fullmatch(parts.hostname))
    except ValueError:
        named = None
    if not named:
        raise ValueError("must be an https:// URL with the name of a host")
    try:
        sound = parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("must be a URL with a port from 1 to 65535, or without one")
    if parts.path.endswith(".") or "//" in parts.path.rstrip("/") or "\\" in value:
        raise ValueError("must be a URL whose path has no // and no \\, and does not end with a dot")
    return parts


def whole(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers in ASCII digits, from `low` to `high`."""

    def parse(value: str) -> int:
        digits = value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER
        if digits and low <= int(value) <= high:
            return int(value)
        raise ValueError(f"must be a whole number from {low} to {high}")

    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    """A parser that accepts one of these words."""

    def parse(value: str) -> str:
        if value in choices:
            return value
        raise ValueError(f"must be one of {', '.join(choices)}")

    return parse


def ca_file(value: str) -> str:
    """The path of a file that holds certificates in PEM."""
    path = Path(text(value))
    try:
        if not path.is_file():
            raise ValueError("must be the path of a file that exists, not of a folder")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError("must be the path of a file of CA certificates in PEM (BEGIN CERTIFICATE)") from None
    except OSError as error:
        raise ValueError(f"must be the path of a file that can be read ({type(error).__name__})") from None
    return value


def schools(value: str) -> frozenset[int]:
    """`12549, 12550` -> these schools."""
    ids = [each.strip() for each in value.split(",")]
    if all(each.isascii() and each.isdigit() and len(each) < _LONGEST_NUMBER for each in ids):
        return frozenset(map(int, ids))
    raise ValueError("must be ids of schools with commas between them, such as 12549,12550")
