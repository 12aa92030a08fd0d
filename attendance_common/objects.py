"""Rows -> objects of the landing zone: only where the content differs, never over what was read later.

What cannot be a row goes to quarantine beside it, and a run leaves its record there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import polars as pl

from attendance_common import aws, landing
from attendance_common.completeness import SchoolReading, day_of
from attendance_common.config import FetcherSettings
from attendance_common.errors import AwsError
from attendance_common.flatten import Rejection

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOADS = 16  # objects written at a time
_RACES = 10  # lost to another fetcher over one object before it counts as failed


def parquet(rows: pl.DataFrame) -> bytes:
    """Rows as the Parquet that Spectrum is known to read: format v1, plain or dictionary encoded, snappy."""
    body = io.BytesIO()
    rows.write_parquet(body, compression="snappy", statistics=True)
    return body.getvalue()


def newest_of(landed: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Both lists in one, sorted by id, no id twice: the newest version, of equals the one that is landed."""
    together = pl.concat([more, landed], how="diagonal_relaxed").select(more.columns)
    by_age = together.sort("modified_on", nulls_last=False, maintain_order=True)
    return by_age.unique("id", keep="last", maintain_order=True).sort("id")


class LandingZone:
    """Writes a school's objects: only where the content differs, never over what was read later."""

    def __init__(self, settings: FetcherSettings, *, dry_run: bool) -> None:
        self._s3: S3Client = aws.s3_client(settings, UPLOADS + 1)
        self._areas = landing.Areas(settings.bucket, settings.prefix)
        self._dry_run = dry_run
        self._encryption: dict[str, Any] = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.kms_key_id}
            if settings.kms_key_id
            else {}
        )
        self._pool = ThreadPoolExecutor(UPLOADS)
        self._months: dict[str, dict[str, str]] = {}

    def publish(self, reading: SchoolReading) -> Counter[str]:
        """Write the school's quarantine, then each date; returns the rows landed and what became of objects.

        Raises AwsError; every write that was begun has ended by then.
        """
        rejections = reading.rejections()
        unread = [rejection.record_id for rejection in rejections if rejection.record_id is not None]
        done: Counter[str] = Counter()
        pending: deque[Future[str]] = deque()
        with aws.explained(f"s3://{self._areas.bucket}"):
            if rejections:
                self._quarantine(reading.school_id, rejections)
            try:
                for day, rows in reading.by_date():
                    done["landed"] += rows.height
                    self._existing(day)
                    job = (day, reading.school_id, rows, unread, reading.begun)
                    pending.append(self._pool.submit(self._publish_date, *job))
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

    def _publish_date(
        self, day: dt.date, school_id: int, rows: pl.DataFrame, unread: Sequence[int], read_at: dt.datetime
    ) -> str:
        name = landing.object_name(day, school_id)
        etag = self._existing(day).get(name)
        if etag and unread:
            rows = self._keep_unread(name, rows, unread)
        body = parquet(rows)
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        if etag == digest:
            return "unchanged"
        if self._dry_run:
            return "written"
        told = {"content-md5": digest, "read-at": read_at.isoformat(timespec="microseconds")}
        return self._write(name, body, told, exists=etag is not None)

    def _keep_unread(self, name: str, rows: pl.DataFrame, unread: Sequence[int]) -> pl.DataFrame:
        """Keep what is landed of records whose newest version went to quarantine: stale, but not lost."""
        landed = pl.read_parquet(io.BytesIO(self._get(self._areas.landing + name)))
        kept = landed.filter(pl.col("id").is_in(list(unread)) & ~pl.col("id").is_in(rows["id"].to_list()))
        return newest_of(kept, rows) if kept.height else rows

    def _write(self, name: str, body: bytes, told: dict[str, str], *, exists: bool) -> str:
        """Put the object if it is still what was looked at; look again when another fetcher was faster."""
        key = self._areas.landing + name
        etag = None
        for _ in range(_RACES):
            if exists:
                there = self._s3.head_object(Bucket=self._areas.bucket, Key=key)
                if there["Metadata"].get("content-md5") == told["content-md5"]:
                    return "unchanged"
                if there["Metadata"].get("read-at", "") > told["read-at"]:
                    return "superseded"
                etag = there["ETag"]
            if self._put_if(key, etag, body, told):
                return "written"
            exists = True
        raise AwsError(f"{name} is being written by others again and again: run again later")

    def _put_if(self, key: str, etag: str | None, body: bytes, told: dict[str, str]) -> bool:
        """Put the object if it has this ETag, or if there is none (None); S3 says 412 or 409 when not so."""
        from botocore.exceptions import ClientError

        condition: dict[str, Any] = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            self._put(key, body, Metadata=told, **condition)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
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
            lines = [json.loads(line) for line in self._get(key).splitlines()]
            rejections = [Rejection(line["reason"], line["record"], None) for line in lines]
            if lines:
                yield key, lines[0]["schoolId"], rejections

    def merge(self, school_id: int, rows: pl.DataFrame) -> Counter[str]:
        """Add rows to the lists that are landed; a newer version that is there stays."""
        parts = rows.partition_by("date")
        return Counter(self._merge_date(day_of(part), school_id, part) for part in parts)

    def _merge_date(self, day: dt.date, school_id: int, rows: pl.DataFrame) -> str:
        name = landing.object_name(day, school_id)
        key = self._areas.landing + name
        for _ in range(_RACES):
            etag, told, whole = None, {"read-at": ""}, rows.sort("id")
            if name in self._existing(day):
                there = self._s3.get_object(Bucket=self._areas.bucket, Key=key)
                etag, told = there["ETag"], there["Metadata"]
                landed = pl.read_parquet(io.BytesIO(there["Body"].read()))
                whole = newest_of(landed, rows)
                if whole.equals(landed):
                    return "unchanged"
            body = parquet(whole)
            told = {**told, "content-md5": hashlib.md5(body, usedforsecurity=False).hexdigest()}
            if self._dry_run or self._put_if(key, etag, body, told):
                return "written"
            self._months.clear()  # another fetcher wrote it: look again
        raise AwsError(f"{name} is being written by others again and again: run again later")

    def replace_quarantined(self, key: str, school_id: int, rest: Sequence[Rejection]) -> None:
        """Keep the rest of an object in quarantine; the new object is written before the old one goes."""
        kept = self._quarantine(school_id, rest) if rest else None
        if kept != key and not self._dry_run:
            self._s3.delete_object(Bucket=self._areas.bucket, Key=key)
