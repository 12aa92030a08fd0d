"""The run records of both scripts in S3: listed by time, and read one by one."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from attendance_common import aws, run_record
from attendance_common.landing import Areas
from attendance_common.load.run_rows import Record, RunName
from attendance_common.log import log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_BYTES = 16 * 2**20  # of a record; a record of a thousand schools has about one MB


class RunFiles:
    """The records below `runs/fetch/` and `runs/load/`."""

    def __init__(self, s3: S3Client, areas: Areas) -> None:
        self._s3 = s3
        self._areas = areas

    def since(self, began: dt.datetime | None) -> list[RunName]:
        """The runs that began at that time or later, the oldest first; None: all. Raises AwsError."""
        after = "" if began is None else f"{began:{run_record.NAMED_BY}}"
        return sorted(name for script in run_record.SCRIPTS for name in self._names(script, after))

    def _names(self, script: str, after: str) -> list[RunName]:
        prefix = run_record.folder(self._areas, script)
        with aws.explained(f"s3://{self._areas.bucket}/{prefix}"):
            listed = aws.listed(self._s3, self._areas.bucket, prefix, after)
        runs = filter(None, map(run_record.run_of, listed))
        return [RunName(run, script, began) for run, began in runs]

    def read(self, name: RunName) -> Record:
        """A run's record; empty where S3 refuses it, it is too large or no JSON object. Raises AwsError."""
        from botocore.exceptions import ClientError

        key = f"{run_record.folder(self._areas, name.script)}{name.run}.json"
        place = f"s3://{self._areas.bucket}/{key}"
        with aws.explained(place):
            try:
                answer = self._s3.get_object(Bucket=self._areas.bucket, Key=key)
            except ClientError as refusal:
                log.info(
                    "%s cannot be read (%s), and is passed over", place, refusal.response["Error"]["Code"]
                )
                return {}
            with answer["Body"] as body:
                whole = body.read(MOST_BYTES + 1)
        record = run_record.parsed(whole) if len(whole) <= MOST_BYTES else {}
        if not record:
            log.info("%s is no run record that can be read, and is passed over", place)
        return record
