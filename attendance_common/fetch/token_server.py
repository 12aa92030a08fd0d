"""Asks the token server for a token of the API, and interprets its answers."""

from __future__ import annotations

import math
import re
from typing import Any

import requests

from attendance_common.errors import SourceError
from attendance_common.fetch.answers import content_type, decoded, described, passes, temporary
from attendance_common.fetch.connection import Connection, Server
from attendance_common.fetch.faults import TemporaryFault

USUAL_LIFE = 3600.0  # seconds, when the answer states none
_SHORTEST_LIFE = 60.0  # or each request would ask for a token; a 401 renews one that ends earlier
_IN_A_HEADER = re.compile("[!-~]+")
_REFUSALS = (400, 401, 403)
# Of RFC 6749, 5.2, and others that are in use. No other text of an answer is quoted: it could be a secret.
_OAUTH_ERRORS = {
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
}


class TokenServer:
    """Gets tokens with the id and the key of the API client in the secret."""

    def __init__(self, connection: Connection, url: str, secret: dict[str, str], secret_id: str) -> None:
        self._connection = connection
        self._url = url
        self._form = {
            "grant_type": "client_credentials",
            "client_id": secret["ESD_CLIENT_ID"],
            "client_secret": secret["ESD_SECRET_KEY"],
        }
        self._place = f"in the secret {secret_id!r}"
        self._server = Server("the token server", f"ESD_URL {self._place}")

    def ask(self) -> tuple[str, float]:
        """A new token, and for how many seconds it is valid. Raises TemporaryFault or SourceError."""
        answer = self._connection.send(self._server, "POST", self._url, data=self._form)
        if passes(answer.status_code):
            raise temporary(answer, f"{self._server.name} answers with {described(answer)}")
        said, error = _said(answer), _oauth_error(answer)
        given = said.get("access_token")
        if not 200 <= answer.status_code < 300 or (error and not given):
            raise self._refusal(answer, error)
        if not isinstance(given, str) or not given.strip():
            reason = f"{self._server.name} answers with {described(answer)} and no token"
            raise TemporaryFault(reason, cure=f"check {self._server.setting}: it must be the token's URL")
        if not _IN_A_HEADER.fullmatch(given.strip()):
            reason = f"{self._server.name} gives a token with characters that no header can hold"
            raise SourceError(f"{reason}: check {self._server.setting}", to_mend=True)
        return given.strip(), life(said.get("expires_in"))

    def _refusal(self, answer: requests.Response, error: str) -> SourceError:
        reasons = [f"ESD gives no token (status {answer.status_code})"]
        reasons += [error] if error else []
        reasons += [f"content type {content_type(answer)}"] if content_type(answer) else []
        of_the_client = answer.status_code in _REFUSALS or error
        keys = "ESD_URL, ESD_CLIENT_ID, ESD_SECRET_KEY" if of_the_client else "ESD_URL"
        return SourceError(f"{', '.join(reasons)}: check {keys} {self._place}", to_mend=True)


def life(expires_in: Any) -> float:
    """For how many seconds a token is used, by its `expires_in`: a number, or the text of one."""
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError, OverflowError):
        return USUAL_LIFE
    if isinstance(expires_in, bool) or not math.isfinite(seconds) or seconds <= 0:
        return USUAL_LIFE
    return max(_SHORTEST_LIFE, seconds)


def _said(answer: requests.Response) -> dict[str, Any]:
    """The answer's JSON object; empty when it is none."""
    try:
        said = decoded(answer.content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _oauth_error(answer: requests.Response) -> str:
    error = _said(answer).get("error")
    return error if isinstance(error, str) and error in _OAUTH_ERRORS else ""
