"""Lists the landing zone in S3: which objects it has, in which versions. Only reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from attendance_common import aws, landing
from attendance_common.load import plan
from attendance_common.load.plan import Found, ListId, Loaded, Version

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LISTERS = 8  # requests to S3 at a time: more wait for Python, and each has a page in memory


class Listing:
    """The landing zone as it is at each call; each method raises AwsError."""

    def __init__(self, client: S3Client, areas: landing.Areas) -> None:
        self._client = client
        self._areas = areas
        self._explained = f"s3://{areas.bucket}/{areas.landing}"

    def compare(self, loaded: Loaded) -> Found:
        """Compare the whole landing zone with what was loaded; several months are listed at a time."""
        with aws.explained(self._explained), ThreadPoolExecutor(LISTERS) as pool:
            top, years = self._folders(self._areas.landing)
            inside = list(pool.map(self._folders, years))
            months = [month for _, found in inside for month in found]
            loose = top + [entry for entries, _ in inside for entry in entries]
            compared = pool.map(lambda month: self._compare(self._objects(month), loaded), months)
            return plan.combined([self._compare(loose, loaded), *compared], loaded)

    def _compare(self, entries: Any, loaded: Loaded) -> Found:
        return plan.compare(entries, self._areas.landing, loaded)

    def versions(self, lists: Collection[ListId]) -> dict[ListId, Version]:
        """The present versions of these lists, of those that are in S3; lists their months."""
        months = {landing.month_folder(each.day) for each in lists}
        with aws.explained(self._explained), ThreadPoolExecutor(LISTERS) as pool:
            listed = pool.map(lambda month: self._versions(month, lists), sorted(months))
            return {each: version for found in listed for each, version in found.items()}

    def _versions(self, month: str, lists: Collection[ListId]) -> dict[ListId, Version]:
        found = plan.compare(self._objects(f"{self._areas.landing}{month}"), self._areas.landing, Loaded())
        return {each: version for each, version in found.changed.items() if each in lists}

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

    def end_of(self, each: ListId, most: int) -> bytes:
        """The last bytes of a list's object; none where S3 refuses to give it out."""
        from botocore.exceptions import ClientError

        key = f"{self._areas.landing}{landing.object_name(*each)}"
        try:
            found = self._client.get_object(Bucket=self._areas.bucket, Key=key, Range=f"bytes=-{most}")
            return found["Body"].read()
        except ClientError:
            return b""
