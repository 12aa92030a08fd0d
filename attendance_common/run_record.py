"""Run records: each run writes one to S3, with counts and sentences but no student's data."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attendance_common import __version__, aws
from attendance_common.errors import AttendanceError, ExitStatus, Terminated
from attendance_common.landing import Areas
from attendance_common.log import log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SOON = 5.0  # seconds that a failed run may spend on writing its record
SCRIPTS = ("fetch", "load")  # each has a folder of records
SOME = "some"  # `part` in the record of a run whose flags name schools or lists
NAMED_BY = "%Y%m%dT%H%M%SZ"  # format of the time that a run's name begins with: names sort by it
# Another name could sort as the newest for ever.
_OBJECT = re.compile(r"(\d{8}T\d{6}Z)-\w+\.json", re.ASCII)


def folder(areas: Areas, script: str) -> str:
    """The key prefix of a script's records."""
    return f"{areas.runs}{script}/"


def run_of(name: str) -> tuple[str, dt.datetime] | None:
    """The run and its start (UTC, naive), from the name of a record's object; None for any other name."""
    match = _OBJECT.fullmatch(name)
    try:
        return (name.removesuffix(".json"), dt.datetime.strptime(match[1], NAMED_BY)) if match else None
    except ValueError:  # 20251399T250000Z
        return None


def parsed(body: bytes) -> Mapping[str, Any]:
    """A record's fields; empty when the body is no JSON object that can be read."""
    try:
        record = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


class RunRecords:
    """Writes the records of a command; a dry run writes none."""

    def __init__(
        self, client: S3Client, areas: Areas, command: str, encryption: dict[str, Any], *, dry_run: bool
    ) -> None:
        self._client = client
        self._areas = areas
        self._command = command
        self._encryption = encryption
        self._dry_run = dry_run

    def write(self, record: dict[str, Any]) -> None:
        """Write a record under the name of its `run`. Adds status, version and end; raises AwsError."""
        if self._dry_run:
            return
        key = f"{folder(self._areas, self._command)}{record['run']}.json"
        status = ExitStatus.NEEDS_A_PERSON if record.get("attention") else ExitStatus.DONE
        ended = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
        whole = {"status": status, "version": __version__, "ended": ended, **record}
        body = json.dumps(whole, indent=1).encode()
        with aws.explained(f"s3://{self._areas.bucket}/{key}"):
            self._client.put_object(Bucket=self._areas.bucket, Key=key, Body=body, **self._encryption)

    def write_failed(self, record: dict[str, Any], error: BaseException) -> None:
        """Write the record of a run that failed with `error`, within SOON seconds. Only log an AwsError."""
        whole = {**record, **failed(error)}

        def write() -> None:
            try:
                self.write(whole)
            except AttendanceError as fault:
                log.info("the run leaves no record: %s", fault)

        soon(write)


def soon(act: Callable[[], None], seconds: float = SOON) -> None:
    """Call `act` in a thread, and wait at most so many seconds for it: the process is about to end."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    thread.join(seconds)


def failed(error: BaseException) -> dict[str, Any]:
    """Status and sentence of a failed run. Errors of other programs are not quoted."""
    if isinstance(error, AttendanceError | Terminated):
        return {"status": error.exit_status, "error": str(error)}
    return {"status": ExitStatus.MAY_PASS, "error": f"internal error: {type(error).__name__}"}
