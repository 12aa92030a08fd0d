"""Who read a school when: an older reading gives way to a later one, also where that one wrote nothing.

An object tells in its metadata when its list was read; a list that a later reading found unchanged is not
written again, so its object cannot tell. Each reading therefore leaves its claim beside the landing zone
before it is published, one object a school, and looks again afterwards whether another came meanwhile.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from attendance_common import aws, landing
from attendance_common.completeness import SchoolReading
from attendance_common.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_RACES = 10  # lost to another fetcher over one claim before it counts as failed


class Claims:
    """The latest reading of each school, and the latest that read recent dates alone."""

    def __init__(self, s3: S3Client, areas: landing.Areas, encryption: dict[str, Any]) -> None:
        self._s3 = s3
        self._areas = areas
        self._encryption = encryption

    def stake(self, reading: SchoolReading) -> dt.date | None:
        """Leave the reading's claim; gives the date from which on a later reading has precedence, if any.

        Raises AwsError.
        """
        claim = claim_of(reading)
        condition: dict[str, str] = {"IfNoneMatch": "*"}
        told: dict[str, str] = {}
        for _ in range(_RACES):
            held = yields_from(reading, told)
            if held is not None and not (_whole(reading) and held > reading.since):
                return held
            if self._put(reading.school_id, told | claim, condition):
                return held
            told, condition = self._told(reading.school_id)
        raise AwsError(f"school {reading.school_id} is claimed by others again and again: run again later")

    def overtaken(self, reading: SchoolReading, held: dt.date | None) -> bool:
        """Whether a later reading came since the claim was staked; `held` is what that answered."""
        told, _ = self._told(reading.school_id)
        return yields_from(reading, told) != held

    def _key(self, school_id: int) -> str:
        return f"{self._areas.claims}school_{school_id}.json"

    def _put(self, school_id: int, told: dict[str, str], condition: dict[str, Any]) -> bool:
        return aws.put_if(
            self._s3,
            condition,
            Bucket=self._areas.bucket,
            Key=self._key(school_id),
            Body=json.dumps(told, indent=1).encode(),
            **self._encryption,
        )

    def _told(self, school_id: int) -> tuple[dict[str, str], dict[str, str]]:
        """What the claim's object tells, and the condition under which a PUT replaces just this one."""
        answer = self._s3.get_object(Bucket=self._areas.bucket, Key=self._key(school_id))
        try:
            told = {str(name): str(value) for name, value in json.loads(answer["Body"].read()).items()}
        except (ValueError, AttributeError):  # nobody's claim
            told = {}
        return told, {"IfMatch": answer["ETag"]}


def _whole(reading: SchoolReading) -> bool:
    return reading.since == dt.date.min


def claim_of(reading: SchoolReading) -> dict[str, str]:
    """What a reading claims: when it began, and from which date on it reads."""
    begun = reading.begun.isoformat(timespec="microseconds")
    if _whole(reading):
        return {"read-at": begun}
    return {"recent-read-at": begun, "recent-since": reading.since.isoformat()}


def yields_from(reading: SchoolReading, told: dict[str, str]) -> dt.date | None:
    """The date from which on claims that are told have precedence over the reading; None when none has."""
    begun = reading.begun.isoformat(timespec="microseconds")
    if told.get("read-at", "") > begun:
        return dt.date.min
    if told.get("recent-read-at", "") > begun:
        return dt.date.fromisoformat(told["recent-since"])
    return None
