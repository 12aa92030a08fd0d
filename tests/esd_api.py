"""The fetcher's client of the API against the sandbox's source, in this process: real HTTP."""

from __future__ import annotations

from typing import Any

from attendance_common.config import FetcherSettings
from attendance_common.fetch.api import EsdApi
from tests.samples import settings_with
from tests.sandbox.esd import EsdServer, Fault

SCHOOL = 12549
ATTENDANCE, SCHOOLS = "/v1/periodAttendance", "/v1/schools"
PAGE = {"schoolId": SCHOOL, "schoolYearId": 55, "pageSize": 50, "page": 1}


def settings_for(server: EsdServer, **changes: Any) -> FetcherSettings:
    """The settings for this server."""
    usual = {"api_url": server.api_url, "secret_id": "s", "concurrency": 64, "timeout": 10, "attempts": 2}
    return settings_with(FetcherSettings, **{**usual, "page_size": 50, "school_year_id": 55, **changes})


def api_for(server: EsdServer, *, token_url: str = "", **changes: Any) -> EsdApi:
    """A client that knows the server's secret."""
    secret = {"ESD_URL": token_url or server.token_url, "ESD_CLIENT_ID": "sandbox-client"}
    return EsdApi(settings_for(server, **changes), {**secret, "ESD_SECRET_KEY": "sandbox-secret"})


def fresh(fault: Fault) -> Fault:
    """The same rule, not yet met."""
    fault.met = fault.done = 0
    return fault
