"""The floor: read the same pages one after another and decode them with orjson; nothing else."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import orjson
import requests

Decode = Callable[[bytes], Any]


def connect() -> requests.Session:
    """A session with a token, by the secret that the fetcher uses."""
    manager = boto3.client("secretsmanager")
    secret = json.loads(manager.get_secret_value(SecretId=os.environ["ESD_SECRET_ID"])["SecretString"])
    form = {
        "grant_type": "client_credentials",
        "client_id": secret["ESD_CLIENT_ID"],
        "client_secret": secret["ESD_SECRET_KEY"],
    }
    session = requests.Session()
    token = session.post(secret["ESD_URL"], data=form, timeout=60).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    return session


def pages(session: requests.Session, decode: Decode) -> Iterator[Any]:
    """Every school's pages, decoded, one after another."""
    api_url = os.environ["ESD_API_URL"]
    answer = session.get(f"{api_url}/v1/schools", params={"pageSize": 1000, "page": 1}, timeout=60)
    for school in decode(answer.content)["schools"]:
        yield from _pages_of(session, f"{api_url}/v1/periodAttendance", school["id"], decode)


def _pages_of(session: requests.Session, url: str, school: int, decode: Decode) -> Iterator[Any]:
    parameters: dict[str, Any] = {
        "schoolId": school,
        "schoolYearId": os.environ["ESD_SCHOOL_YEAR_ID"],
        "pageSize": os.environ["ESD_PAGE_SIZE"],
        "sortField": "date",
        "sortDirection": "Ascending",
    }
    number, last = 1, 1
    while number <= last:
        answer = session.get(url, params={**parameters, "page": number}, timeout=60)
        if answer.status_code == 404:  # a school without records
            return
        page = decode(answer.content)
        yield page
        number, last = number + 1, page["pagingInfo"]["pageCount"]


def main() -> None:
    """Read everything; print how many records there were and how long the reading itself took."""
    session = connect()
    begun = time.perf_counter()
    records = sum(len(page["periodAttendanceList"]) for page in pages(session, orjson.loads))
    print(json.dumps({"records": records, "reading": time.perf_counter() - begun}))


if __name__ == "__main__":
    main()
