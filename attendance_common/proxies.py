"""Proxies: the variables that name them, and the sentence about a proxy that does not work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attendance_common.errors import causes

OF_ALL_SCHEMES = ("all_proxy", "ALL_PROXY")
VARIABLES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", *OF_ALL_SCHEMES)
PASSWORD_WANTED = 407
# Exceptions of requests, urllib3 and botocore. Their texts are not quoted: they may hold a password.
_UNUSABLE = {"InvalidProxyURL", "InvalidSchema", "ProxySchemeUnknown", "ProxySchemeUnsupported"}
_REFUSED = {"ProxyError", "ProxyConnectionError"}


@dataclass(frozen=True)
class ProxyFault:
    """What is wrong with a proxy. `to_mend`: only a person can mend it."""

    sentence: str
    to_mend: bool


def password_wanted(variables: Sequence[str]) -> ProxyFault:
    """The fault of a proxy that answered 407."""
    sentence = "the proxy wants a user and a password: write them into %s, as http://user:password@host:port"
    return ProxyFault(sentence % _named(variables), to_mend=True)


def fault(error: BaseException, variables: Sequence[str]) -> ProxyFault | None:
    """What is wrong with the proxy of these variables; None when the error is not about a proxy."""
    behind = list(causes(error))
    names = {type(cause).__name__ for cause in behind}
    if names & _UNUSABLE:
        sentence = (
            "the proxy of %s cannot be used: write it as http://host:port, or name the host in NO_PROXY"
        )
        return ProxyFault(f"{sentence % _named(variables)} (SOCKS is not supported)", to_mend=True)
    if not names & _REFUSED:
        return None
    if any(f" {PASSWORD_WANTED} " in str(cause) for cause in behind):
        return password_wanted(variables)
    sentence = "the proxy of %s cannot be reached or refuses: check it, or name the host in NO_PROXY"
    return ProxyFault(sentence % _named(variables), to_mend=False)


def _named(variables: Sequence[str]) -> str:
    return ", ".join(variables) or "this machine"
