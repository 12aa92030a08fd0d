"""Rows -> objects of the landing zone: only where the content differs, never over what was read later.

What cannot be a row goes to quarantine beside it, and a run leaves its record there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from attendance_common import aws, landing
from attendance_common.config import FetcherSettings
from attendance_common.errors import AwsError
from attendance_common.fetch.claims import Claims, Stake
from attendance_common.fetch.completeness import SchoolReading, day_of
from attendance_common.fetch.lists import (
    Became,
    Change,
    Landed,
    md5,
    newest_of,
    next_wave,
    over,
    parquet,
    time_of,
    without,
)
from attendance_common.fetch.page import Rejection
from attendance_common.run_record import RunRecords

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

log = logging.getLogger("attendance")

UPLOADS = 16  # objects written at a time
_RACES = 10  # lost to another fetcher over one object before it counts as failed


@dataclass
class Published:
    """What came of a reading: its rows of the dates that were asked for, what became of each date's list.

    `overtaken`: it is not the last word; the school is to be read again.
    """

    landed: int = 0
    became: dict[dt.date, Became] = field(default_factory=dict)
    overtaken: bool = False


def _overtaken(done: Published, reading: SchoolReading, stake: Stake, *, came: bool) -> bool:
    """Whether another's later reading may lie below this one, or not at all where this one gave way to it.

    `came`: it came while this one was published. One that is at work may have died; one of recent dates
    removes nothing.
    """
    became, later = set(done.became.values()), stake.told.later_than(reading)
    in_part = later is not None and later > reading.since
    in_vain = "superseded" in became and bool(stake.told.at_work)
    return "overtaken" in became or in_part or in_vain or (came and bool({"written", "left"} & became))


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


class LandingZone:
    """Writes a school's objects: only where the content differs, never over what was read later."""

    def __init__(self, settings: FetcherSettings, *, dry_run: bool) -> None:
        self._s3: S3Client = aws.s3_client(settings, UPLOADS + 1)
        self._areas = landing.Areas(settings.bucket, settings.prefix)
        self._dry_run = dry_run
        self._encryption = aws.encryption(settings)
        self.records = RunRecords(self._s3, self._areas, "fetch", self._encryption, dry_run=dry_run)
        self._claims = Claims(self._s3, self._areas, self._encryption)
        self._pool = ThreadPoolExecutor(UPLOADS)
        self._months: dict[str, dict[str, str]] = {}

    @property
    def quarantine(self) -> str:
        """Where records lie that could not be landed."""
        return f"s3://{self._areas.bucket}/{self._areas.quarantine}"

    def publish(self, reading: SchoolReading, done: Published) -> None:
        """Write the school's quarantine, then each date; tells `done` as it goes on, also when it fails.

        Raises AwsError; every write that was begun has ended by then.
        """
        rejections = reading.rejections()
        with aws.explained(f"s3://{self._areas.bucket}"):
            if rejections:
                self._quarantine(reading.school_id, rejections)
            stake = Stake() if self._dry_run else self._claims.stake(reading)
            if not stake.still:
                self._forget_listing()
            later = stake.told.later_than(reading)
            changes = self._compare(reading, later, done)
            if reading.in_doubt:  # it stays at work: whoever gave way to it has to read again
                doubted: Became = "doubted"
                done.became |= dict.fromkeys(changes, doubted)
            else:
                self._change(reading, changes, done)
                self._leave(reading, later, done)
            came = not (self._dry_run or reading.in_doubt) and self._claims.end(reading, stake)
            done.overtaken = _overtaken(done, reading, stake, came=came)

    def _forget_listing(self) -> None:
        self._months.clear()
        self._claims.look()

    def _compare(
        self, reading: SchoolReading, later: dt.date | None, done: Published
    ) -> dict[dt.date, Change]:
        """Write the lists of new dates, and compare the others with what is landed; gives what is to change.

        Dates from `later` on were read later by another.
        """
        changes: dict[dt.date, Change] = {}
        pending: deque[Future[None]] = deque()
        try:
            for day, rows in reading.by_date(last=True):
                done.landed += rows.height
                if later is not None and day >= later:
                    done.became[day] = "superseded"
                    continue
                self._existing(day)
                pending.append(self._pool.submit(self._publish_date, day, rows, reading, done, changes))
                if len(pending) >= 2 * UPLOADS:  # few rows wait in memory
                    pending.popleft().result()
        finally:
            wait(pending)
        for future in pending:
            future.result()
        return changes

    def _publish_date(
        self,
        day: dt.date,
        rows: pl.DataFrame,
        reading: SchoolReading,
        done: Published,
        changes: dict[dt.date, Change],
    ) -> None:
        """Write one list where no object is; else see how the one that is there is to be changed."""
        became = self._beside(day, rows, reading)
        if isinstance(became, Change):
            changes[day] = became
        else:
            done.became[day] = became

    def _beside(self, day: dt.date, rows: pl.DataFrame, reading: SchoolReading) -> Became | Change:
        name = landing.object_name(day, reading.school_id)
        etag, body = self._existing(day).get(name), parquet(rows)
        if etag and etag == md5(body):
            return "unchanged"
        new = Change(name, None, body)
        if etag is None and self._write(new, reading):
            return "written"
        there = self._look(name)
        return over(there, rows, body, reading) if there else new

    def _change(self, reading: SchoolReading, changes: Mapping[dt.date, Change], done: Published) -> None:
        """Write what is to change; a list that records leave comes after those where they now stand."""
        waiting = changes
        while waiting:
            wave = next_wave(waiting)
            futures = [self._pool.submit(self._write_over, *each, reading, done) for each in wave.items()]
            wait(futures)
            for future in futures:
                future.result()
            waiting = {day: change for day, change in waiting.items() if day not in wave}

    def _write_over(self, day: dt.date, change: Change, reading: SchoolReading, done: Published) -> None:
        """Write one list, unless records would leave it for one that is another fetcher's now."""
        theirs = {to for to in change.takes if done.became.get(to) in ("superseded", "overtaken")}
        done.became[day] = "overtaken" if theirs or not self._write(change, reading) else "written"

    def _write(self, change: Change, reading: SchoolReading) -> bool:
        """Put the list unless another fetcher was faster; says whether it is there."""
        told = {"content-md5": md5(change.body), "read-at": time_of(reading)}
        if self._dry_run or self._put_if(change.name, change.replaces, change.body, told):
            return True
        there = self._look(change.name)  # this PUT may have been answered into a broken connection
        return there is not None and there.read_at == time_of(reading)

    def _leave(self, reading: SchoolReading, later: dt.date | None, done: Published) -> None:
        """Take records out of the lists of dates that the source no longer mentions, once they moved.

        Comes after their new dates were written, and only for those that no later reading wrote. An absent
        date alone proves nothing, and what neither moved nor is gone from its own list stays. The months of
        the reading and those beside them are looked through.
        """
        there = [day for day, what in done.became.items() if what in ("written", "unchanged")]
        moved = reading.places().filter(pl.col("day").is_in(there)).select("id")
        gone = pl.DataFrame({"id": list(reading.missed)}, schema={"id": pl.Int64})
        leaving, read_at = pl.concat([moved, gone]), time_of(reading)
        names = self._of_other_dates(reading.school_id, done.became.keys(), reading.since, later)
        futures = [
            self._pool.submit(self._take_out, day, name, leaving, read_at, done)
            for day, name in names.items()
        ]
        wait(futures)
        for future in futures:
            future.result()

    def _of_other_dates(
        self, school_id: int, days: Collection[dt.date], since: dt.date, later: dt.date | None
    ) -> dict[dt.date, str]:
        """The school's objects of dates that are none of these, from `since` on, before `later`."""
        near = {month for day in days for month in landing.months_beside(day)}
        names = (name for month in near for name in self._existing(month))
        of_school = (name for name in names if name.endswith(f"/{landing.file_name(school_id)}"))
        dated = {day: name for name in of_school if (day := landing.partition_of(name))}
        asked = (day for day in dated if day >= since and (later is None or day < later))
        return {day: dated[day] for day in asked if day not in days}

    def _take_out(
        self, day: dt.date, name: str, leaving: pl.DataFrame, read_at: str, done: Published
    ) -> None:
        """Take these records out of one list, unless a later reading wrote it."""
        for _ in range(_RACES):
            there = self._look(name)
            if there is None or there.read_at > read_at:
                return
            rows = there.rows()
            rest = None if rows is None else without(rows, leaving, read_at)
            if rest is not None and not self._dry_run and not self._put_if(name, there.etag, *rest):
                continue
            if rest is not None or there.read_at == read_at:
                done.became[day] = "left"
            return
        raise AwsError(f"{name} is being written by others again and again: run again later")

    def _existing(self, day: dt.date) -> dict[str, str]:
        """Name -> ETag of the objects that were in the date's month when it was first asked for."""
        month = landing.month_folder(day)
        if month not in self._months:
            found = aws.listed(self._s3, self._areas.bucket, f"{self._areas.landing}{month}")
            self._months[month] = {f"{month}{name}": etag for name, etag in found.items()}
        return self._months[month]

    def _look(self, name: str) -> Landed | None:
        """What is landed under a name now; None when nothing is."""
        from botocore.exceptions import ClientError

        try:
            whole = self._s3.get_object(Bucket=self._areas.bucket, Key=self._areas.landing + name)
        except ClientError as error:
            if _status(error) == 404:
                return None
            raise
        return Landed(name, whole["ETag"].strip('"'), whole["Metadata"], whole["Body"].read())

    def _put_if(self, name: str, etag: str | None, body: bytes, told: dict[str, str]) -> bool:
        """Put the object if it has this ETag, or if there is none (None)."""
        key = self._areas.landing + name
        more = {"Metadata": told, **self._encryption}
        put = aws.put_if(self._s3, etag, Bucket=self._areas.bucket, Key=key, Body=body, **more)
        return put is not None

    def _put(self, key: str, body: bytes, **more: Any) -> None:
        self._s3.put_object(Bucket=self._areas.bucket, Key=key, Body=body, **self._encryption, **more)

    def _get(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._areas.bucket, Key=key)["Body"].read()

    def _quarantine(self, school_id: int, rejections: Sequence[Rejection]) -> str:
        """One JSON line per record, whole; its key is named by its content: a rerun does not pile up."""
        lines = [{"reason": r.reason, "schoolId": school_id, "record": r.record} for r in rejections]
        body = "".join(json.dumps(line) + "\n" for line in sorted(lines, key=json.dumps)).encode()
        digest = hashlib.sha256(body).hexdigest()[:32]
        key = f"{self._areas.quarantine}school_{school_id}/{digest}.jsonl"
        if not self._dry_run:
            self._put(key, body)
        return key

    # --- replaying the quarantine ---------------------------------------------------------------------------

    def quarantined(self) -> Iterator[tuple[str, int, list[Rejection]]]:
        """Key, school and records of each object in quarantine."""
        for name in aws.listed(self._s3, self._areas.bucket, self._areas.quarantine):
            key = f"{self._areas.quarantine}{name}"
            try:
                lines = [json.loads(line) for line in self._get(key).splitlines()]
                rejections = [Rejection(line["reason"], line["record"], None) for line in lines]
                [school] = {int(line["schoolId"]) for line in lines}
            except (ValueError, TypeError, KeyError):
                sentence = f"{key} is not what the fetcher puts into quarantine: move it away"
                raise AwsError(sentence, to_mend=True) from None
            yield key, school, rejections

    def merge(self, school_id: int, rows: pl.DataFrame) -> Counter[str]:
        """Add rows to the lists that are landed; a newer version that is there stays."""
        parts = rows.partition_by("date")
        with nullcontext() if self._dry_run else self._claims.working(school_id):
            return Counter(self._merge_date(day_of(part), school_id, part) for part in parts)

    def _merge_date(self, day: dt.date, school_id: int, rows: pl.DataFrame) -> str:
        name = landing.object_name(day, school_id)
        look = name in self._existing(day)  # S3 denies a look at what is not there (API: GetObject, 403)
        for _ in range(_RACES):
            there = self._look(name) if look else None
            held = there.rows() if there else None
            landed = rows.clear() if held is None else held
            whole = newest_of(landed, rows)
            if whole.equals(landed):
                return "unchanged"
            body = parquet(whole)
            told = {"content-md5": md5(body), "read-at": there.read_at if there else ""}
            if self._dry_run or self._put_if(name, there.etag if there else None, body, told):
                return "written"
            look = True
        raise AwsError(f"{name} is being written by others again and again: run again later")

    def replace_quarantined(self, key: str, school_id: int, rest: Sequence[Rejection]) -> None:
        """Keep the rest of an object in quarantine; the new object is written before the old one goes."""
        kept = self._quarantine(school_id, rest) if rest else None
        if kept != key and not self._dry_run:
            self._s3.delete_object(Bucket=self._areas.bucket, Key=key)
