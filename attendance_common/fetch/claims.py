"""Who read a school when: an older reading gives way to a later one, also where that one wrote nothing.

An object tells in its metadata when its list was read; a list that a later reading found unchanged is not
written again, so its object cannot tell. Each reading therefore leaves its claim beside the landing zone
before it is published, one object a school, and looks again afterwards whether another came meanwhile.
A claim also tells who is at work on the school: while nobody is, and the claim is as it was when the landing
zone was listed, that listing still holds for the school.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from attendance_common import aws, landing
from attendance_common.errors import AwsError
from attendance_common.fetch.completeness import SchoolReading

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Time = Annotated[dt.datetime, msgspec.Meta(tz=True)]
NEVER = dt.datetime.min.replace(tzinfo=dt.timezone.utc)
KEPT = dt.timedelta(days=2)  # a claim of recent dates: no reading of a school takes longer
_RACES = 10  # lost to another fetcher over one claim before it counts as failed


@dataclass(frozen=True)
class Told:
    """What a school's claim tells: when its latest reading began (`whole`), and those of recent dates alone.

    `recent`: the first date that was read -> when the latest such reading began; `at_work`: who publishes the
    school now, or died while doing so -> since when. `mark`: another one in each claim, lest its ETag ever be
    again what it was. All times in UTC.
    """

    whole: Time = NEVER
    recent: Mapping[dt.date, Time] = field(default_factory=dict)
    at_work: Mapping[str, Time] = field(default_factory=dict)
    mark: str = ""

    def with_claim(self, reading: SchoolReading) -> Told:
        """The claim with one more reading in it; a recent one goes once a later one covers its dates."""
        if reading.since == dt.date.min:
            return replace(self, whole=reading.begun)
        older = {since: begun for since, begun in self.recent.items() if since < reading.since}
        kept = {since: begun for since, begun in older.items() if begun > reading.begun - KEPT}
        later = {since: begun for since, begun in self.recent.items() if begun > reading.begun}
        return replace(self, recent={reading.since: reading.begun, **kept, **later})

    def with_worker(self, who: str, now: dt.datetime) -> Told:
        """The claim of a school that `who` begins to publish; who did so days ago has died."""
        alive = {other: since for other, since in self.at_work.items() if since > now - KEPT}
        return replace(self, at_work={**alive, who: now})

    def without_worker(self, who: str) -> Told:
        """The claim once `who` has published the school."""
        return replace(self, at_work={other: since for other, since in self.at_work.items() if other != who})

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


@dataclass(frozen=True)
class Found:
    """A claim as it is in S3; `etag` is None where there is none."""

    told: Told = Told()
    etag: str | None = None


@dataclass(frozen=True)
class Stake:
    """What a school's claim told before a reading staked its own.

    `still`: nobody was at work on the school, nor has been since the claims were looked at.
    """

    told: Told = Told()
    still: bool = True


class Claims:
    """The claims of the schools, one object each, as one fetcher sees and changes them."""

    def __init__(self, s3: S3Client, areas: landing.Areas, encryption: dict[str, Any]) -> None:
        self._s3 = s3
        self._areas = areas
        self._encryption = encryption
        self._who = secrets.token_hex(8)
        self._listed: dict[str, str] | None = None
        self._mine: dict[int, Found] = {}  # school -> its claim as this fetcher left it

    def look(self) -> None:
        """See which claims there are; to be called before the landing zone is listed. Raises AwsError."""
        self._listed = self._found()

    def _found(self) -> dict[str, str]:
        return aws.listed(self._s3, self._areas.bucket, self._areas.claims)

    def stake(self, reading: SchoolReading) -> Stake:
        """Leave the reading's claim, unless a later one covers it; gives what was there before."""

        def claim(told: Told) -> Told | None:
            later = told.later_than(reading)
            if later is not None and later <= reading.since:  # nothing is left to be claimed
                return None
            return self._at_work(told.with_claim(reading))

        if self._listed is None:
            self._listed = self._found()
        listed = self._listed.get(landing.claim_name(reading.school_id))
        found = self._change(reading.school_id, claim, self._read(reading.school_id) if listed else Found())
        told = found.told.without_worker(self._who)  # an earlier reading of this run may still be in doubt
        return Stake(told, still=found.etag == listed and not found.told.at_work)

    @contextmanager
    def working(self, school_id: int) -> Iterator[None]:
        """Be at work on a school without a reading: a fetcher that has listed its dates lists them again."""
        self._change(school_id, self._at_work, Found())
        yield
        self._leave(school_id, self._mine.pop(school_id))

    def _at_work(self, told: Told) -> Told:
        return told.with_worker(self._who, dt.datetime.now(dt.timezone.utc))

    def _leave(self, school_id: int, mine: Found) -> Found:
        return self._change(school_id, lambda told: told.without_worker(self._who), mine)

    def end(self, reading: SchoolReading, stake: Stake) -> bool:
        """Say that the reading is published; whether a later one came since its claim was staked."""
        mine = self._mine.pop(reading.school_id, None)
        if mine is None:  # it had nothing to claim
            return False
        found = self._leave(reading.school_id, mine)
        return found.told.later_than(reading) != stake.told.later_than(reading)

    def _change(self, school_id: int, change: Callable[[Told], Told | None], found: Found) -> Found:
        """Replace a claim by what `change` makes of it, None: leave it; gives the one that was replaced."""
        for _ in range(_RACES):
            told = change(found.told)
            if told is None:
                return found
            told = replace(told, mark=secrets.token_hex(8))
            etag = self._put(school_id, told, found.etag)
            if etag is not None:
                self._mine[school_id] = Found(told, etag)
                return found
            found = self._read(school_id)
        raise AwsError(f"school {school_id} is claimed by others again and again: run again later")

    def _key(self, school_id: int) -> str:
        return f"{self._areas.claims}{landing.claim_name(school_id)}"

    def _put(self, school_id: int, told: Told, replaces: str | None) -> str | None:
        body = msgspec.json.encode(told)
        key = self._key(school_id)
        return aws.put_if(
            self._s3, replaces, Bucket=self._areas.bucket, Key=key, Body=body, **self._encryption
        )

    def _read(self, school_id: int) -> Found:
        answer = self._s3.get_object(Bucket=self._areas.bucket, Key=self._key(school_id))
        return Found(told_by(answer["Body"].read()), answer["ETag"].strip('"'))
