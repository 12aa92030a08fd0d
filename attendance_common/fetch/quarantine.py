"""The quarantine: records that cannot be landed, as one file of JSON lines in S3 for each school.

A line has the whole record, the reason, since when it is in quarantine, and the school year under which it
was read. A file has each record once: by its id, else by its text.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attendance_common import aws, landing
from attendance_common.errors import AwsError
from attendance_common.fetch.page import Rejection
from attendance_common.fetch.record import decode_record, record_id
from attendance_common.fetch.s3_object import UnreadableObject, read_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_RACES = 10  # so many writes of a file may lose to other fetchers before the run fails


# The fields of a line, and their types.
_KINDS: dict[str, tuple[type, ...]] = {
    "schoolId": (int,),
    "schoolYearId": (int, type(None)),
    "since": (str,),
    "reason": (str,),
    "record": (str,),
}


class UnreadableFile(AwsError):
    """This version cannot read a school's file, and so never overwrites it."""

    def __init__(self, why: str, place: str = "") -> None:
        super().__init__(f"{place} cannot be read ({why}), and stays as it is: move it away", to_mend=True)
        self.why = why


@dataclass(frozen=True)
class Line:
    """One record in quarantine."""

    record: str
    reason: str
    since: str
    school_year: int | None

    @property
    def record_id(self) -> int | None:
        """The record's id; None when it cannot be read."""
        try:
            return record_id(decode_record(self.record))
        except (ValueError, RecursionError):
            return None

    @property
    def rejection(self) -> Rejection:
        """The record as a rejection of a page."""
        return Rejection(self.reason, self.record, self.record_id)


Lines = dict[int | str, Line]  # Rejection.key -> line


def after_reading(
    lines: Lines,
    rejections: Iterable[Rejection],
    landed: Collection[int],
    *,
    since: str,
    year: int | None,
    proved: bool,
) -> Lines:
    """The lines after a reading: the records that it rejected, and earlier lines that it did not land.

    `landed`: the ids that it landed. `year`: its school year; a reading without one leaves a line its year.
    `proved`: it has every record of its school year; then earlier lines of records that it does not have are
    dropped.
    """
    came = {rejection.key: rejection for rejection in rejections}
    kept = {
        key: line
        for key, line in lines.items()
        if key in came or not (key in landed or (proved and line.school_year == year))
    }
    for key, rejection in came.items():
        before = lines.get(key)
        first_seen = before.since if before else since
        school_year = before.school_year if before and year is None else year
        kept[key] = Line(rejection.record, rejection.reason, first_seen, school_year)
    return kept


def written(school_id: int, lines: Lines) -> bytes:
    """The content of a school's file."""
    objects = (
        {
            "schoolId": school_id,
            "schoolYearId": line.school_year,
            "since": line.since,
            "reason": line.reason,
            "record": line.record,
        }
        for _, line in sorted(lines.items(), key=lambda item: (isinstance(item[0], str), item[0]))
    )
    return "".join(json.dumps(line) + "\n" for line in objects).encode()


def read(body: bytes, school_id: int) -> Lines:
    """The lines of a school's file; raises UnreadableFile when they are not as this version writes them."""
    whole = body.removeprefix(codecs.BOM_UTF8).splitlines()
    try:
        lines = [_line(json.loads(text), school_id) for text in whole if text.strip()]
    except (ValueError, RecursionError):  # text that is no UTF-8 is a ValueError, too
        raise UnreadableFile("a line is no JSON") from None
    return {line.rejection.key: line for line in lines}


def _line(line: Any, school_id: int) -> Line:
    if not isinstance(line, dict) or line.keys() != _KINDS.keys():
        raise UnreadableFile("a line has other fields than this version writes")
    if not all(type(line[name]) in kinds for name, kinds in _KINDS.items()):
        raise UnreadableFile("a field of a line is of another type")
    if line["schoolId"] != school_id:
        raise UnreadableFile("a line is of another school")
    return Line(line["record"], line["reason"], line["since"], line["schoolYearId"])


class Quarantine:
    """Reads and writes the files in S3; a dry run writes none."""

    def __init__(
        self, s3: S3Client, areas: landing.Areas, encryption: Mapping[str, Any], *, dry_run: bool
    ) -> None:
        self._s3 = s3
        self._areas = areas
        self._encryption = encryption
        self._dry_run = dry_run
        self._etags: dict[str, str] | None = None

    @property
    def place(self) -> str:
        """The s3:// URL of the quarantine."""
        return f"s3://{self._areas.bucket}/{self._areas.quarantine}"

    def schools(self) -> list[int]:
        """The schools that have a file."""
        found = map(landing.school_of_quarantine, self._listed())
        return sorted(school for school in found if school is not None)

    def foreign_objects(self) -> list[str]:
        """A sentence for each object that the fetcher did not write."""
        names = sorted(name for name in self._listed() if landing.school_of_quarantine(name) is None)
        return [
            f"{self.place}{name} is not what the fetcher puts into quarantine: move it away" for name in names
        ]

    def has(self, school_id: int) -> bool:
        """Whether a school has a file."""
        return landing.quarantine_name(school_id) in self._listed()

    def lines(self, school_id: int) -> Lines:
        """The lines of a school; raises UnreadableFile."""
        return self._look(school_id)[0] if self.has(school_id) else {}

    def update(self, school_id: int, change: Callable[[Lines], Lines]) -> tuple[Lines, Lines]:
        """Replace a school's lines by `change(lines)`; returns the lines before and after.

        Raises UnreadableFile, and then does not change the file.
        """
        name = landing.quarantine_name(school_id)
        lines: Lines = {}
        etag: str | None = None
        if self.has(school_id):
            lines, etag = self._look(school_id)
        for _ in range(_RACES):
            changed = change(lines)
            if changed == lines or self._dry_run or self._put(name, written(school_id, changed), etag):
                return lines, changed
            lines, etag = self._look(school_id)
        raise AwsError(f"{self.place}{name} is written by others again and again: run again later")

    def _listed(self) -> dict[str, str]:
        if self._etags is None:
            self._etags = aws.listed(self._s3, self._areas.bucket, self._areas.quarantine)
        return self._etags

    def _look(self, school_id: int) -> tuple[Lines, str | None]:
        name = landing.quarantine_name(school_id)
        try:
            found = read_object(self._s3, self._areas.bucket, self._areas.quarantine + name)
            return (read(found.body, school_id), found.etag) if found else ({}, None)
        except UnreadableObject as fault:
            raise UnreadableFile(str(fault), f"{self.place}{name}") from fault
        except UnreadableFile as fault:
            raise UnreadableFile(fault.why, f"{self.place}{name}") from None

    def _put(self, name: str, body: bytes, etag: str | None) -> bool:
        key = self._areas.quarantine + name
        put = {"Bucket": self._areas.bucket, "Key": key, "Body": body, **self._encryption}
        return aws.put_if(self._s3, etag, **put) is not None
