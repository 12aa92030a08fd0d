"""Sends GET requests to the ESD REST API, with a token that the API accepts.

A fault that may pass raises TemporaryFault; `patiently` tries again after it. A fault that stays raises a
SourceError that names the cure. `answers` decides which it is.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Collection
from typing import Any

import requests

from attendance_common.config import FetcherSettings
from attendance_common.errors import AwsError, SourceError
from attendance_common.fetch.answers import checked
from attendance_common.fetch.connection import Connection, Server
from attendance_common.fetch.pace import Pace
from attendance_common.fetch.token import Token
from attendance_common.fetch.token_server import TokenServer
from attendance_common.log import event, log
from attendance_common.setting_text import secure_url

SECRET_KEYS = ("ESD_URL", "ESD_CLIENT_ID", "ESD_SECRET_KEY")
TURN = 1.0  # seconds, at most, in which another process of the API client may use its token
REFUSAL_PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds before a token that was refused is tried again
_API = Server("the API", "ESD_API_URL")


class EsdApi:
    """The API. All threads share its connections, its token and its pace."""

    def __init__(self, settings: FetcherSettings, secret: dict[str, str]) -> None:
        self._settings = settings
        self._connection = Connection(settings)
        server = TokenServer(self._connection, token_url(secret), secret, settings.secret_id)
        self._token = Token(server.ask)
        self._pace = Pace(settings.concurrency)

    def with_timeout(self, settings: FetcherSettings) -> EsdApi:
        """The same API with the same token and pace, asked with the timeout of these settings."""
        other = copy.copy(self)
        other._connection = Connection(settings)
        return other

    def sign_in(self) -> float:
        """Get a token; returns the seconds until it is renewed."""
        self._token.current()
        return self._token.seconds_left

    def get(self, path: str, parameters: dict[str, Any], accepted: Collection[int] = ()) -> requests.Response:
        """GET a path below the API's URL. Returns an answer with status 200, or 404: there are no records.

        `accepted`: other statuses to return. Raises TemporaryFault or SourceError.
        """
        for pause in (0.0, *REFUSAL_PAUSES):
            if pause:
                log.info("ESD refuses the token for %s; trying again", path, extra=event("retry"))
                time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            token = self._token.current()
            answer = self._get_with(token, path, parameters, accepted)
            if answer is None and self._token.ended_early(token):
                # Another process of the API client may have got a new token, or not all of the API's servers
                # know this one yet.
                time.sleep(TURN * random.uniform(0.1, 1.0))  # noqa: S311 - no secret
                token = self._token.current()
                answer = self._get_with(token, path, parameters, accepted)
            if answer is None:
                renewed = self._token.current(refused=token)
                if renewed != token:
                    token, answer = renewed, self._get_with(renewed, path, parameters, accepted)
            if answer is not None:
                self._token.accepted(token)
                return answer
        cure = f"check the rights of the API client in the secret {self._settings.secret_id!r}"
        raise SourceError(f"ESD refuses {path} even with a fresh token (status 401): {cure}", to_mend=True)

    def _get_with(
        self, token: str, path: str, parameters: dict[str, Any], accepted: Collection[int]
    ) -> requests.Response | None:
        """The answer; None when the API refuses the token."""

        def bearer(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Bearer {token}"
            return request

        # As auth, not as a header: requests lets a .netrc entry overwrite a header.
        url = f"{self._settings.api_url}{path}"
        with self._pace.turn():
            answer = self._connection.send(_API, "GET", url, params=parameters, auth=bearer)
            return None if answer.status_code == 401 else checked(answer, path, accepted)


def token_url(secret: dict[str, str]) -> str:
    """The URL of the token server; raises AwsError when the secret would be sent to it unencrypted."""
    try:
        return secure_url(str(secret["ESD_URL"]))
    except ValueError as fault:
        raise AwsError(f"ESD_URL in the secret {fault}", to_mend=True) from fault
