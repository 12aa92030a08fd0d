"""What S3 says of the landing zone: its objects, and what their footers tell. Only reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from attendance_common import aws, landing
from attendance_common.load import plan
from attendance_common.load.footers import FOOTER_BYTES, Footer, Footers, read, together

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LISTERS = 16  # requests to S3 at a time
_NOT_TO_BE_READ = ("InvalidRange", "InvalidObjectState", "NoSuchKey")  # empty, archived, replaced


class Listing:
    """The landing zone as it is when it is asked; each method raises AwsError."""

    def __init__(self, client: S3Client, areas: landing.Areas) -> None:
        self._client = client
        self._areas = areas
        self._explained = f"s3://{areas.bucket}/{areas.landing}"
        self._start = f"s3://{areas.bucket}/"

    def survey(self) -> plan.Found:
        """Every partition, month by month side by side."""
        with aws.explained(self._explained), ThreadPoolExecutor(LISTERS) as pool:
            top, years = self._folders(self._areas.landing)
            inside = list(pool.map(self._folders, years))
            months = [month for _, found in inside for month in found]
            loose = top + [entry for entries, _ in inside for entry in entries]
            listed = pool.map(lambda month: plan.survey(self._objects(month), self._areas.landing), months)
            return plan.together([plan.survey(loose, self._areas.landing), *listed])

    def beside(self, source_files: Sequence[str]) -> list[Any]:
        """What lies in the partitions of these objects (s3:// URLs), as S3 lists it."""
        inside = [name for name in source_files if name.startswith(self._explained)]
        folders = sorted({f"{self._key(name).rpartition('/')[0]}/" for name in inside})
        with aws.explained(self._explained):
            return [entry for folder in folders for entry in self._objects(folder)]

    def partitions(self, days: Sequence[dt.date]) -> dict[dt.date, plan.Partition]:
        """These partitions as they are now; one without objects is empty."""
        with aws.explained(self._explained), ThreadPoolExecutor(LISTERS) as pool:
            return {day: self._partition(day, found) for day, found in self._listed(pool, days).items()}

    def footers(self, days: Sequence[dt.date]) -> Footers:
        """What the objects of each partition tell by their own Parquet footers."""
        with aws.explained(self._explained), ThreadPoolExecutor(LISTERS) as pool:
            held = self._listed(pool, days)
            places = [
                (day, f"{self._start}{entry['Key']}")
                for day, entries in held.items()
                for entry in entries
                if not plan.hidden(entry["Key"])
            ]
            ends = pool.map(self._footer, [name for _, name in places])
            told = ((*place, end) for place, end in zip(places, ends, strict=True))
            return together({day: self._partition(day, entries) for day, entries in held.items()}, told)

    def _listed(self, pool: ThreadPoolExecutor, days: Sequence[dt.date]) -> dict[dt.date, list[Any]]:
        """The objects of each partition, as S3 lists them."""
        folders = [f"{self._areas.landing}{landing.partition_folder(day)}" for day in days]
        found = pool.map(lambda folder: list(self._objects(folder)), folders)
        return dict(zip(days, found, strict=True))

    def _partition(self, day: dt.date, entries: Sequence[Any]) -> plan.Partition:
        found = plan.survey(entries, self._areas.landing).partitions
        return found.get(day) or plan.Partition()

    def left_among(self, source_files: Sequence[str]) -> list[str]:
        """Those of the objects (s3:// URLs) that all their records have left."""
        with aws.explained(self._explained), ThreadPoolExecutor(LISTERS) as pool:
            told = pool.map(self._footer, source_files)
            return [name for name, footer in zip(source_files, told, strict=True) if footer.left]

    def _key(self, source_file: str) -> str:
        return source_file.removeprefix(self._start)

    def _folders(self, prefix: str) -> tuple[list[Any], list[str]]:
        """The objects and the folders directly below a prefix."""
        entries: list[Any] = []
        folders: list[str] = []
        for page in self._pages(prefix, Delimiter="/"):
            entries += page.get("Contents", [])
            folders += [folder["Prefix"] for folder in page.get("CommonPrefixes", [])]
        return entries, folders

    def _objects(self, prefix: str) -> Iterator[Any]:
        for page in self._pages(prefix):
            yield from page.get("Contents", [])

    def _pages(self, prefix: str, **more: Any) -> Iterator[Any]:
        paginator = self._client.get_paginator("list_objects_v2")
        yield from paginator.paginate(Bucket=self._areas.bucket, Prefix=prefix, **more)

    def _footer(self, source_file: str) -> Footer:
        """An object's footer; an empty one where S3 does not give the object out: Spectrum will tell."""
        from botocore.exceptions import ClientError

        key, last = self._key(source_file), f"bytes=-{FOOTER_BYTES}"
        try:
            end = self._client.get_object(Bucket=self._areas.bucket, Key=key, Range=last)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in _NOT_TO_BE_READ:
                return Footer()
            raise
        return read(end)
