"""The keys in S3: partitions and lists of the landing zone, and the prefixes of quarantine, runs and alerts.

The landing zone has objects `<prefix>year=YYYY/month=MM/day=DD/school_<id>.parquet` and no others. Spectrum
would read any other object below `<prefix>` as broken Parquet (DG: c-spectrum-troubleshooting).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from attendance_common.numerals import number

_FOLDER = re.compile(r"year=(\d{4})/month=(\d{2})/day=(\d{2})/", re.ASCII)
_SCHOOL = r"school_(0|[1-9]\d{0,18})"
_LIST = re.compile(rf"{_FOLDER.pattern}{_SCHOOL}\.parquet", re.ASCII)
_QUARANTINE = re.compile(rf"{_SCHOOL}\.jsonl", re.ASCII)


def partition_folder(day: dt.date) -> str:
    """2025-12-09 -> `year=2025/month=12/day=09/`, the folder of the records of this date."""
    return f"{month_folder(day)}day={day.day:02d}/"


def month_folder(day: dt.date) -> str:
    """2025-12-09 -> `year=2025/month=12/`."""
    return f"year={day.year:04d}/month={day.month:02d}/"


def object_name(day: dt.date, school_id: int) -> str:
    """The name, below the prefix, of the list of one school on one date. A newer list has the same name."""
    return f"{partition_folder(day)}{file_name(school_id)}"


def file_name(school_id: int) -> str:
    """The name of a school's object in each partition."""
    return f"school_{school_id}.parquet"


def list_of(name: str) -> tuple[dt.date, int] | None:
    """The date and the school in the name of a list below the prefix; None for any other name."""
    match = _LIST.fullmatch(name)
    if match is None:
        return None
    try:
        day = dt.date(*map(int, match.groups()[:3]))
    except ValueError:  # year=2025/month=13/…
        return None
    school = number(match[4])
    return None if school is None else (day, school)


def quarantine_name(school_id: int) -> str:
    """The name of a school's file, below the prefix of the quarantine."""
    return f"school_{school_id}.jsonl"


def school_of_quarantine(name: str) -> int | None:
    """The school in the name of a file in quarantine; None when it is no name that the fetcher gives."""
    match = _QUARANTINE.fullmatch(name)
    return number(match[1]) if match else None


@dataclass(frozen=True)
class Areas:
    """The bucket and its key prefixes. Quarantine, runs and alerts are outside the landing zone."""

    bucket: str
    landing: str

    @property
    def _common_prefix(self) -> str:
        """The landing zone's prefix without its last two folders: `…/operational/`."""
        folders = self.landing.rstrip("/").split("/")
        return "".join(f"{folder}/" for folder in folders[:-2])

    @property
    def quarantine(self) -> str:
        """`…/operational/quarantine/`."""
        return f"{self._common_prefix}quarantine/"

    @property
    def runs(self) -> str:
        """`…/operational/runs/`."""
        return f"{self._common_prefix}runs/"

    @property
    def alerts(self) -> str:
        """`…/operational/alerts/`."""
        return f"{self._common_prefix}alerts/"

    @property
    def zone(self) -> str:
        """The s3:// URL of the landing zone."""
        return f"s3://{self.bucket}/{self.landing}"

    def location(self, day: dt.date) -> str:
        """The LOCATION of the date's partition. It ends with a slash, since it is a key prefix."""
        return f"{self.zone}{partition_folder(day)}"

    def list_url(self, day: dt.date, school_id: int) -> str:
        """The s3:// URL of a list's object."""
        return f"{self.location(day)}{file_name(school_id)}"
