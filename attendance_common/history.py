"""What earlier runs found: read from their records in S3, the newest first, and only as far as needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attendance_common import aws, landing, run_record
from attendance_common.conditions import REMEMBERED, Found, stored
from attendance_common.errors import ExitStatus

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FINISHED = (ExitStatus.DONE, ExitStatus.NEEDS_A_PERSON)


class History:
    """A command's run records of the last seven days. `year`: the school year that this fetch asks for."""

    def __init__(
        self,
        s3: S3Client,
        areas: landing.Areas,
        command: str,
        now: dt.datetime,
        year: int | None = None,
    ) -> None:
        self._s3 = s3
        self._bucket = areas.bucket
        self._prefix = run_record.folder(areas, command)
        self._year = year
        self._oldest = f"{now - REMEMBERED:{run_record.NAMED_BY}}"
        self._week_ago = (now - REMEMBERED).isoformat(timespec="seconds")
        self._records: list[Mapping[str, Any]] = []
        self._unread: list[str] | None = None

    def last(self, condition: str, school: int | str) -> Found | None:
        """The condition of a school as the newest record that judged it in the same school year stores it.

        None when it was not found, or never judged.
        """
        for record in self._newest_first():
            judged = _fields(_fields(record.get("conditions")).get(condition))
            if record.get("school_year") == self._year and str(school) in judged:
                return stored(judged[str(school)])
        return None

    def last_landing(self) -> tuple[str, str] | None:
        """Landing zone and start of the newest finished run that landed a record; None: no such run."""
        for record in self._newest_first():
            if (
                record.get("status") in FINISHED
                and record.get("landed")
                and {"landing_zone", "began"} <= record.keys()
            ):
                return str(record["landing_zone"]), str(record["began"])
        return None

    def last_everywhere(self, condition: str, place: int | str) -> Found | None:
        """The condition at a place, as the newest record that judged the condition stores it, or None.

        For conditions that a run judges at every place or at none: at a place that the record does not name,
        the condition was not found.
        """
        for record in self._newest_first():
            judged = _fields(record.get("conditions"))
            if condition in judged:
                return stored(_fields(judged[condition]).get(str(place)))
        return None

    def last_report(self, school: int) -> str:
        """The start of the newest finished run that reported on the school; a week ago when there is none."""
        finished = (
            str(record["began"])
            for record in self._newest_first()
            if record.get("status") in FINISHED
            and str(school) in _fields(record.get("by_school"))
            and "began" in record
        )
        return next(finished, self._week_ago)

    def _newest_first(self) -> Iterator[Mapping[str, Any]]:
        """The records, the newest first. Each is read from S3 once, when it is needed."""
        yield from self._records
        with aws.explained(f"s3://{self._bucket}/{self._prefix}"):
            if self._unread is None:
                listed = aws.listed(self._s3, self._bucket, self._prefix, self._oldest)
                self._unread = sorted(filter(run_record.run_of, listed))
            while self._unread:
                name = self._unread.pop()
                body = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + name)["Body"].read()
                self._records.append(run_record.parsed(body))
                yield self._records[-1]


def _fields(value: Any) -> Mapping[str, Any]:
    """A part of a record by its names; empty when another program wrote something else there."""
    return value if isinstance(value, dict) else {}
