"""The record that each run leaves beside the landing zone: counts and sentences, never a student's data."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from attendance_common import __version__, aws
from attendance_common.errors import AttendanceError, ExitStatus, Terminated
from attendance_common.landing import Areas
from attendance_common.log import log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SOON = 5.0  # seconds that a run which failed has left for its record


class RunRecords:
    """Where the records of a command are written; a dry run leaves none."""

    def __init__(
        self, client: S3Client, areas: Areas, command: str, encryption: dict[str, Any], *, dry_run: bool
    ) -> None:
        self._client = client
        self._areas = areas
        self._command = command
        self._encryption = encryption
        self._dry_run = dry_run

    def write(self, record: dict[str, Any]) -> None:
        """Write a record, named by its `run`, with the exit status that it leads to; raises AwsError."""
        if self._dry_run:
            return
        key = f"{self._areas.runs}{self._command}/{record['run']}.json"
        status = ExitStatus.NEEDS_A_PERSON if record.get("attention") else ExitStatus.DONE
        body = json.dumps({"status": status, "version": __version__, **record}, indent=1).encode()
        with aws.explained(f"s3://{self._areas.bucket}/{key}"):
            self._client.put_object(Bucket=self._areas.bucket, Key=key, Body=body, **self._encryption)

    def write_failed(self, record: dict[str, Any], error: BaseException) -> None:
        """Write the record of a run that failed, if that can be done soon: it is `error` that is told."""
        whole = {**record, **failed(error)}

        def write() -> None:
            try:
                self.write(whole)
            except AttendanceError as fault:
                log.info("the run leaves no record: %s", fault)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        writer.join(SOON)


def failed(error: BaseException) -> dict[str, Any]:
    """Status and sentence of a run that failed; what is not this project's own may quote a student's data."""
    if isinstance(error, AttendanceError | Terminated):
        return {"status": error.exit_status, "error": str(error)}
    return {"status": ExitStatus.MAY_PASS, "error": f"internal error: {type(error).__name__}"}
