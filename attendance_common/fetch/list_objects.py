"""Reads one list from its object in S3, or writes it by a conditional PUT."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attendance_common import __version__, aws, landing
from attendance_common.fetch.lists import LandedList, NoList, check_place, landed_list, md5
from attendance_common.fetch.s3_object import UnreadableObject, read_object
from attendance_common.log import log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class UnreadableList(Exception):
    """The object under a list's name cannot be read as a list. `etag`: None when S3 does not give it."""

    def __init__(self, why: str, etag: str | None) -> None:
        super().__init__(why)
        self.why = why
        self.etag = etag


class ListObjects:
    """Lists, reads and writes objects; a dry run writes none."""

    def __init__(
        self, s3: S3Client, areas: landing.Areas, encryption: Mapping[str, Any], *, dry_run: bool
    ) -> None:
        self._s3 = s3
        self._areas = areas
        self._encryption = encryption
        self._dry_run = dry_run

    def etags(self) -> dict[int, dict[dt.date, str]]:
        """The ETag of every list: school -> date -> ETag."""
        found: dict[int, dict[dt.date, str]] = {}
        with aws.explained(f"s3://{self._areas.bucket}/{self._areas.landing}"):
            for name, etag in aws.listed(self._s3, self._areas.bucket, self._areas.landing).items():
                if place := landing.list_of(name):
                    day, school = place
                    found.setdefault(school, {})[day] = etag
        return found

    def read(self, day: dt.date, school_id: int) -> LandedList | None:
        """The list as it is landed now; None when there is none. Raises UnreadableList, or AwsError."""
        key = self._areas.landing + landing.object_name(day, school_id)
        try:
            found = read_object(self._s3, self._areas.bucket, key)
        except UnreadableObject as fault:
            raise UnreadableList(str(fault), None) from fault
        if found is None:
            return None
        try:
            listed = landed_list(found.body, found.etag, found.metadata.get("content-md5"))
            check_place(listed.rows, day, school_id)
        except NoList as fault:
            raise UnreadableList(str(fault), found.etag) from fault
        return listed

    def write(self, day: dt.date, school_id: int, body: bytes, replaces: str | None) -> str | None:
        """Write a list if its object still has the ETag `replaces`; None: if there is no object.

        Returns the new ETag; None when another process has written the list.
        """
        name, digest = landing.object_name(day, school_id), md5(body)
        if self._dry_run:
            log.info("would write %s", name)
            return digest
        etag = aws.put_if(
            self._s3,
            replaces,
            Bucket=self._areas.bucket,
            Key=self._areas.landing + name,
            Body=body,
            Metadata={"content-md5": digest, "version": __version__},
            **self._encryption,
        )
        return etag or self._answer_was_lost(day, school_id, body)

    def _answer_was_lost(self, day: dt.date, school_id: int, body: bytes) -> str | None:
        """The ETag of the object if it has this body: then this run wrote it, and the answer was lost."""
        landed = self.read(day, school_id)
        return landed.etag if landed and landed.has_body(body) else None
