"""Who read a school when: an older reading gives way to a later one, also where that one wrote nothing.

An object tells in its metadata when its list was read; a list that a later reading found unchanged is not
written again, so its object cannot tell. Each reading therefore leaves its claim beside the landing zone
before it is published, one object a school, and looks again afterwards whether another came meanwhile.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from attendance_common import aws, landing
from attendance_common.completeness import SchoolReading
from attendance_common.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Time = Annotated[dt.datetime, msgspec.Meta(tz=True)]
NEVER = dt.datetime.min.replace(tzinfo=dt.timezone.utc)
KEPT = dt.timedelta(days=2)  # a claim of recent dates: no reading of a school takes longer
_RACES = 10  # lost to another fetcher over one claim before it counts as failed


@dataclass(frozen=True)
class Told:
    """What a school's claim tells: when its latest reading began (`whole`), and those of recent dates alone.

    `recent`: the first date that was read -> when the latest such reading began; `staked`: when the claim
    was written. All times in UTC.
    """

    whole: Time = NEVER
    recent: Mapping[dt.date, Time] = field(default_factory=dict)
    staked: Time = NEVER

    def with_claim(self, reading: SchoolReading, now: dt.datetime) -> Told:
        """The claim with one more reading in it; a recent one goes once a later one covers its dates."""
        if reading.since == dt.date.min:
            return replace(self, whole=reading.begun, staked=now)
        older = {since: begun for since, begun in self.recent.items() if since < reading.since}
        kept = {since: begun for since, begun in older.items() if begun > reading.begun - KEPT}
        later = {since: begun for since, begun in self.recent.items() if begun > reading.begun}
        return replace(self, recent={reading.since: reading.begun, **kept, **later}, staked=now)

    def later_than(self, reading: SchoolReading) -> dt.date | None:
        """The date from which on a later reading has precedence over this one; None when none has."""
        if self.whole > reading.begun:
            return dt.date.min
        return min((since for since, begun in self.recent.items() if begun > reading.begun), default=None)


def told_by(body: bytes) -> Told:
    """The claim that a body holds; an empty one when it is nobody's."""
    try:
        return msgspec.json.decode(body, type=Told)
    except (msgspec.MsgspecError, RecursionError):
        return Told()


class Claims:
    """The claims of the schools, one object each."""

    def __init__(self, s3: S3Client, areas: landing.Areas, encryption: dict[str, Any]) -> None:
        self._s3 = s3
        self._areas = areas
        self._encryption = encryption

    def stake(self, reading: SchoolReading) -> Told:
        """Leave the reading's claim; gives the one that was there. Raises AwsError."""
        condition, told = {"IfNoneMatch": "*"}, Told()
        for _ in range(_RACES):
            later = told.later_than(reading)
            if later is not None and later <= reading.since:  # nothing is left to be claimed
                return told
            claim = told.with_claim(reading, dt.datetime.now(dt.timezone.utc))
            if self._put(reading.school_id, claim, condition):
                return told
            told, condition = self._told(reading.school_id)
        raise AwsError(f"school {reading.school_id} is claimed by others again and again: run again later")

    def overtaken(self, reading: SchoolReading, before: Told) -> bool:
        """Whether a later reading came since the claim was staked; `before` is what that answered."""
        told, _ = self._told(reading.school_id)
        return told.later_than(reading) != before.later_than(reading)

    def _key(self, school_id: int) -> str:
        return f"{self._areas.claims}school_{school_id}.json"

    def _put(self, school_id: int, told: Told, condition: dict[str, str]) -> bool:
        return aws.put_if(
            self._s3,
            condition,
            Bucket=self._areas.bucket,
            Key=self._key(school_id),
            Body=msgspec.json.encode(told),
            **self._encryption,
        )

    def _told(self, school_id: int) -> tuple[Told, dict[str, str]]:
        """What the claim's object tells, and the condition under which a PUT replaces just this one."""
        answer = self._s3.get_object(Bucket=self._areas.bucket, Key=self._key(school_id))
        return told_by(answer["Body"].read()), {"IfMatch": answer["ETag"]}
