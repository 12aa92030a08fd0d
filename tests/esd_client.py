"""A plain client of the ESD API for the tests of its stand-in: no retries, no cleverness."""

from __future__ import annotations

from typing import Any

import requests

from tests.sandbox.esd import EsdServer

TIMEOUT = 10.0


class Client:
    """One session with a token."""

    def __init__(self, server: EsdServer, *, secret: str = "sandbox-secret") -> None:
        self.server = server
        self.secret = secret
        self.session = requests.Session()
        self.session.trust_env = False

    def token(self, **changes: str) -> requests.Response:
        """Ask for a token."""
        form = {
            "grant_type": "client_credentials",
            "client_id": "sandbox-client",
            "client_secret": self.secret,
        }
        return self.session.post(self.server.token_url, data=form | changes, timeout=TIMEOUT)

    def log_in(self) -> Client:
        """Use a new token from now on."""
        self.session.headers["Authorization"] = f"Bearer {self.token().json()['access_token']}"
        return self

    @property
    def authorization(self) -> str:
        """What is sent as the header of that name."""
        return str(self.session.headers["Authorization"])

    def get(self, path: str, **query: object) -> requests.Response:
        """Get a path under the API's address."""
        return self.session.get(self.server.api_url + path, params=_texts(query), timeout=TIMEOUT)

    def attendance(self, school: int, page: Any = 1, **query: object) -> requests.Response:
        """Get a page of a school's year, ten rows long by default, sorted by date."""
        defaults = {"schoolId": school, "schoolYearId": 55, "pageSize": 10, "page": page}
        order = {"sortField": "date", "sortDirection": "Ascending"}
        return self.get("/v1/periodAttendance", **{**defaults, **order, **query})

    def ids(self, school: int, page: Any = 1, **query: object) -> list[int]:
        """Give the ids on a page."""
        rows: list[dict[str, Any]] = self.attendance(school, page, **query).json()["periodAttendanceList"]
        return [row["id"] for row in rows]


def _texts(query: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value is not None}
