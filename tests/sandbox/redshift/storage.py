"""The objects that Spectrum reads, from S3."""

from __future__ import annotations

import os.path
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from .catalog import aws_client

# For this many partitions or more, one listing of their common folder is cheaper than one each.
MANY = 10
HIDDEN = (".", "_", "#")


class StorageError(Exception):
    """S3 refused; `code` is its error code, `bucket` and `key` what was asked for."""

    def __init__(self, code: str, bucket: str, key: str) -> None:
        super().__init__(code)
        self.code = code
        self.bucket = bucket
        self.key = key


@dataclass(frozen=True)
class StoredObject:
    """One object as it was listed."""

    bucket: str
    key: str
    etag: str
    size: int

    @property
    def path(self) -> str:
        """The value of the pseudo column "$path"."""
        return f"s3://{self.bucket}/{self.key}"


def parse_location(location: str) -> tuple[str, str]:
    """Bucket and key prefix of an s3:// location."""
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    return bucket, prefix


def is_hidden(name: str) -> bool:
    """Whether Spectrum ignores the file (DG: c-spectrum-external-tables)."""
    return name.startswith(HIDDEN) or name.endswith("~")


def common_folder(locations: Sequence[str]) -> str:
    """The longest common folder of these locations."""
    shared = os.path.commonprefix(list(locations))  # noqa: RUF071 - keys are texts, not paths
    return shared[: shared.rfind("/") + 1]


class Storage:
    """The requests to S3."""

    def listings(self, locations: Sequence[str]) -> list[list[StoredObject]]:
        """Objects under each location. Many locations in one folder cost one listing of the folder."""
        folder = common_folder(locations)
        if len(locations) < MANY or not parse_location(folder)[1]:
            return [self.listing(location) for location in locations]
        listed = self.listing(folder)
        paths = [stored.path for stored in listed]
        return [listed[slice(*_span(paths, location))] for location in locations]

    def __init__(self, endpoint: str, region: str) -> None:
        self._s3 = aws_client("s3", endpoint, region)

    def listing(self, location: str) -> list[StoredObject]:
        """Objects under the location, recursively, by key. Raises StorageError."""
        bucket, prefix = parse_location(location)
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            entries = [entry for page in pages for entry in page.get("Contents", [])]
        except (ClientError, BotoCoreError) as error:
            raise StorageError(_code(error), bucket, prefix) from error
        return [
            StoredObject(bucket, entry["Key"], entry["ETag"], entry["Size"])
            for entry in entries
            if not entry["Key"].endswith("/") and not is_hidden(entry["Key"].rpartition("/")[2])
        ]

    def read(self, stored: StoredObject) -> bytes:
        """The object's content. Raises StorageError: InvalidRange when it changed since it was listed."""
        try:
            answer = self._s3.get_object(Bucket=stored.bucket, Key=stored.key, IfMatch=stored.etag)
            data: bytes = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            code = _code(error)
            changed = code in ("PreconditionFailed", "412", "NoSuchKey")
            raise StorageError("InvalidRange" if changed else code, stored.bucket, stored.key) from error
        return data


def _span(paths: Sequence[str], prefix: str) -> tuple[int, int]:
    """First and last position of the paths with this prefix in the sorted paths."""
    return bisect_left(paths, prefix), bisect_left(paths, prefix + "\U0010ffff")


def _code(error: Exception) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
