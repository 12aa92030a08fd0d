"""Checks environment variables that are no settings: those of AWS, of CA files and of proxies.

boto3 and requests read these variables directly. Before that, blanks and quotes around the values are removed
here, and values that cannot be used are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from attendance_common import proxies, setting_text
from attendance_common.plain_text import plain

CA_FILES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")  # the first that is set is used
_KEY, _KEY_SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"


def _endpoint(value: str) -> str:
    """An http or https URL, of AWS or of a substitute for it."""
    if setting_text.url_parts(value).scheme in ("http", "https"):
        return value
    raise ValueError("must be an https:// URL")


def _http_proxy(value: str) -> str:
    """The URL of a proxy that boto3 can use, too: it reads HTTPS_PROXY and HTTP_PROXY, without SOCKS."""
    if "://" in value and urlsplit(_proxy(value)).scheme not in ("http", "https"):
        raise ValueError("must be the URL of a proxy, such as http://host:port (SOCKS is not supported)")
    return _proxy(value)


def _proxy(value: str) -> str:
    """`http://host:port`. A user and a password are allowed, and `http://` may be missing."""
    try:
        parts = urlsplit(setting_text.no_blanks(value if "://" in value else f"http://{value}"))
        sound = bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ValueError("must be the URL of a proxy, such as http://host:port")
    return value


_CHECKED: dict[str, Callable[[str], Any]] = {
    "AWS_DEFAULT_REGION": setting_text.region,
    "AWS_PROFILE": setting_text.text,
    "AWS_DEFAULT_PROFILE": setting_text.text,
    _KEY: setting_text.no_blanks,
    _KEY_SECRET: setting_text.no_blanks,
    "AWS_SESSION_TOKEN": setting_text.no_blanks,
    "AWS_ROLE_ARN": setting_text.no_blanks,
    "AWS_WEB_IDENTITY_TOKEN_FILE": setting_text.text,
    "AWS_CONFIG_FILE": setting_text.text,
    "AWS_SHARED_CREDENTIALS_FILE": setting_text.text,
    "AWS_ENDPOINT_URL": _endpoint,
    "AWS_ENDPOINT_URL_S3": _endpoint,
    "AWS_ENDPOINT_URL_SECRETS_MANAGER": _endpoint,
    "AWS_ENDPOINT_URL_STS": _endpoint,
    "AWS_MAX_ATTEMPTS": setting_text.whole(1, 100),
    "AWS_RETRY_MODE": setting_text.one_of("legacy", "standard", "adaptive"),
    "AWS_CA_BUNDLE": setting_text.ca_file,
    **dict.fromkeys(CA_FILES, setting_text.ca_file),
    **dict.fromkeys(proxies.VARIABLES, _http_proxy),
    **dict.fromkeys(proxies.OF_ALL_SCHEMES, _proxy),  # boto3 does not read these
}


def make_plain(environment: MutableMapping[str, str]) -> None:
    """Remove blanks and quotes around the values of these variables, and remove variables that are empty.

    REQUESTS_CA_BUNDLE, which boto3 and requests both read, gets the first CA file that is set.
    """
    for name in _CHECKED.keys() & environment.keys():
        value = plain(environment.pop(name))
        if value:
            environment[name] = value
    if own := next((environment[name] for name in CA_FILES if name in environment), None):
        environment.setdefault(CA_FILES[0], own)


def faults(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each of these variables that cannot be used."""
    found = []
    for name in [name for name in _CHECKED if name in environment]:
        try:
            _CHECKED[name](environment[name])
        except ValueError as fault:
            found.append(f"{name} {fault}")
    for name, other in ((_KEY, _KEY_SECRET), (_KEY_SECRET, _KEY)):
        if name in environment and other not in environment:
            found.append(f"{name} is set without {other}: set both or neither")
    return found


def proxy_variables(environment: Mapping[str, str]) -> list[str]:
    """The variables that name a proxy."""
    return [name for name in proxies.VARIABLES if name in environment]
