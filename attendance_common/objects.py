"""Rows -> objects of the landing zone: only where the content differs, never over what was read later.

What cannot be a row goes to quarantine beside it, and a run leaves its record there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import logging
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from attendance_common import aws, landing
from attendance_common.completeness import SchoolReading, day_of
from attendance_common.config import FetcherSettings
from attendance_common.errors import AwsError
from attendance_common.flatten import Rejection

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

log = logging.getLogger("attendance")

UPLOADS = 16  # objects written at a time
_LISTING_LASTS = dt.timedelta(minutes=1)  # another fetcher may write meanwhile
_RACES = 10  # lost to another fetcher over one object before it counts as failed


def parquet(rows: pl.DataFrame) -> bytes:
    """Rows as the Parquet that Spectrum is known to read: format v1, plain or dictionary encoded, snappy."""
    body = io.BytesIO()
    rows.write_parquet(body, compression="snappy", statistics=False)
    return body.getvalue()


def newest_of(landed: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Both lists in one, sorted by id, no id twice: the newest version, of equals the one that is landed."""
    together = pl.concat([more, landed], how="diagonal_relaxed").select(more.columns)
    by_age = together.sort("modified_on", nulls_last=False, maintain_order=True)
    return by_age.unique("id", keep="last", maintain_order=True).sort("id")


def keep(rows: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """The list, and landed rows that it must not lose; sorted by id."""
    lost = kept.filter(~pl.col("id").is_in(rows["id"].to_list()))
    return newest_of(lost, rows) if lost.height else rows


@dataclass(frozen=True)
class Landed:
    """An object as it is in the landing zone, its metadata, and its rows where they were asked for."""

    etag: str
    told: dict[str, str]
    rows: pl.DataFrame | None


def _md5(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


class LandingZone:
    """Writes a school's objects: only where the content differs, never over what was read later."""

    def __init__(self, settings: FetcherSettings, *, dry_run: bool) -> None:
        self._s3: S3Client = aws.s3_client(settings, UPLOADS + 1)
        self._areas = landing.Areas(settings.bucket, settings.prefix)
        self._dry_run = dry_run
        self._encryption = aws.encryption(settings)
        self._pool = ThreadPoolExecutor(UPLOADS)
        self._months: dict[str, dict[str, str]] = {}
        self._listed_at = dt.datetime.min.replace(tzinfo=dt.timezone.utc)

    @property
    def quarantine(self) -> str:
        """Where records lie that could not be landed."""
        return f"s3://{self._areas.bucket}/{self._areas.quarantine}"

    def publish(self, reading: SchoolReading) -> Counter[str]:
        """Write the school's quarantine, then each date; returns the rows landed and what became of objects.

        Raises AwsError; every write that was begun has ended by then.
        """
        rejections = reading.rejections()
        now = dt.datetime.now(dt.timezone.utc)
        if self._listed_at < max(reading.begun, now - _LISTING_LASTS):
            self._months.clear()
            self._listed_at = now
        done: Counter[str] = Counter()
        pending: deque[Future[str]] = deque()
        with aws.explained(f"s3://{self._areas.bucket}"):
            if rejections:
                self._quarantine(reading.school_id, rejections)
            try:
                for day, rows in reading.by_date():
                    done["landed"] += rows.height
                    self._existing(day)
                    pending.append(self._pool.submit(self._publish_date, day, rows, reading))
                    if len(pending) >= 2 * UPLOADS:  # few rows wait in memory
                        done[pending.popleft().result()] += 1
            finally:
                wait(pending)
            done.update(future.result() for future in pending)
        return done

    def _existing(self, day: dt.date) -> dict[str, str]:
        """Name -> ETag of the objects that were in the date's month when it was first asked for."""
        month = landing.month_folder(day)
        if month not in self._months:
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._areas.bucket, Prefix=f"{self._areas.landing}{month}"
            )
            found = (entry for page in pages for entry in page.get("Contents", []))
            skip = len(self._areas.landing)
            self._months[month] = {entry["Key"][skip:]: entry["ETag"].strip('"') for entry in found}
        return self._months[month]

    def _publish_date(self, day: dt.date, rows: pl.DataFrame, reading: SchoolReading) -> str:
        """Write one list, unless it is there already or a later reading wrote another; says which."""
        name = landing.object_name(day, reading.school_id)
        etag = self._existing(day).get(name)
        body = parquet(rows)
        if etag == _md5(body) and not reading.keeps:
            return "unchanged"
        read_at = reading.begun.isoformat(timespec="microseconds")
        look = etag is not None
        for _ in range(_RACES):
            there = self._look(name, with_rows=reading.keeps) if look else None
            if there and there.rows is not None:
                body = parquet(keep(rows, reading.kept(there.rows)))
            digest = _md5(body)
            if there and digest in (there.etag.strip('"'), there.told.get("content-md5")):
                return "unchanged"
            if there and there.told.get("read-at", "") > read_at:
                return "superseded"
            told = {"content-md5": digest, "read-at": read_at}
            if self._dry_run or self._put_if(name, there.etag if there else None, body, told):
                return "written"
            look = True  # another fetcher was faster
        raise AwsError(f"{name} is being written by others again and again: run again later")

    def _look(self, name: str, *, with_rows: bool) -> Landed | None:
        """What is landed under a name now; None when nothing is."""
        from botocore.exceptions import ClientError

        bucket, key = self._areas.bucket, self._areas.landing + name
        try:
            if not with_rows:
                head = self._s3.head_object(Bucket=bucket, Key=key)
                return Landed(head["ETag"], head["Metadata"], None)
            whole = self._s3.get_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if _status(error) == 404:
                return None
            raise
        try:
            rows = pl.read_parquet(io.BytesIO(whole["Body"].read()))
        except pl.exceptions.PolarsError:  # there is nothing in it to keep
            log.warning("%s was no Parquet: it is written anew", name)
            rows = None
        return Landed(whole["ETag"], whole["Metadata"], rows)

    def _put_if(self, name: str, etag: str | None, body: bytes, told: dict[str, str]) -> bool:
        """Put the object if it has this ETag, or if there is none (None); S3 says 412 or 409 when not so."""
        from botocore.exceptions import ClientError

        condition: dict[str, Any] = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            self._put(self._areas.landing + name, body, Metadata=told, **condition)
        except ClientError as error:
            if _status(error) in (404, 409, 412):
                return False
            raise
        return True

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

    def record_run(self, record: dict[str, Any]) -> None:
        """Write the run's record beside the landing zone."""
        if not self._dry_run:
            aws.write_record(self._s3, self._areas, "fetch", record, **self._encryption)

    # --- replaying the quarantine ---------------------------------------------------------------------------

    def quarantined(self) -> Iterator[tuple[str, int, list[Rejection]]]:
        """Key, school and records of each object in quarantine."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._areas.bucket, Prefix=self._areas.quarantine
        )
        for key in [entry["Key"] for page in pages for entry in page.get("Contents", [])]:
            try:
                lines = [json.loads(line) for line in self._get(key).splitlines()]
                rejections = [Rejection(line["reason"], line["record"], None) for line in lines]
                [school] = {int(line["schoolId"]) for line in lines}
            except (ValueError, TypeError, KeyError):
                raise AwsError(f"{key} is not what the fetcher puts into quarantine: move it away") from None
            yield key, school, rejections

    def merge(self, school_id: int, rows: pl.DataFrame) -> Counter[str]:
        """Add rows to the lists that are landed; a newer version that is there stays."""
        parts = rows.partition_by("date")
        return Counter(self._merge_date(day_of(part), school_id, part) for part in parts)

    def _merge_date(self, day: dt.date, school_id: int, rows: pl.DataFrame) -> str:
        name = landing.object_name(day, school_id)
        for _ in range(_RACES):
            there = self._look(name, with_rows=True)
            landed = there.rows if there and there.rows is not None else rows.clear()
            whole = newest_of(landed, rows)
            if whole.equals(landed):
                return "unchanged"
            body = parquet(whole)
            told = {**(there.told if there else {"read-at": ""}), "content-md5": _md5(body)}
            if self._dry_run or self._put_if(name, there.etag if there else None, body, told):
                return "written"
        raise AwsError(f"{name} is being written by others again and again: run again later")

    def replace_quarantined(self, key: str, school_id: int, rest: Sequence[Rejection]) -> None:
        """Keep the rest of an object in quarantine; the new object is written before the old one goes."""
        kept = self._quarantine(school_id, rest) if rest else None
        if kept != key and not self._dry_run:
            self._s3.delete_object(Bucket=self._areas.bucket, Key=key)
