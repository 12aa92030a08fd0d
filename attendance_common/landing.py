"""Where things lie in S3: the landing zone's partitions and objects, and what lies beside it.

`<prefix>year=YYYY/month=MM/day=DD/school_<id>.parquet`, nothing else below `<prefix>`: Spectrum reads every
other file there as broken Parquet (DG: c-spectrum-troubleshooting).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

_FOLDER = re.compile(r"year=(\d{4})/month=(\d{2})/day=(\d{2})/", re.ASCII)
_LIST = re.compile(_FOLDER.pattern + r"school_(0|[1-9]\d{0,18})\.parquet", re.ASCII)
_QUARANTINE = re.compile(r"school_(\d+)\.jsonl", re.ASCII)


def partition_folder(day: dt.date) -> str:
    """2025-12-09 -> `year=2025/month=12/day=09/`; a partition is known by the date of its records."""
    return f"{month_folder(day)}day={day.day:02d}/"


def month_folder(day: dt.date) -> str:
    """2025-12-09 -> `year=2025/month=12/`."""
    return f"year={day.year:04d}/month={day.month:02d}/"


def object_name(day: dt.date, school_id: int) -> str:
    """The name, below the prefix, of one school's complete list for one date; no clock time is in it."""
    return f"{partition_folder(day)}{file_name(school_id)}"


def file_name(school_id: int) -> str:
    """The name of a school's object in each partition."""
    return f"school_{school_id}.parquet"


def list_of(name: str) -> tuple[dt.date, int] | None:
    """The date and the school of a list, by its object's name below the prefix; None for any other name."""
    match = _LIST.fullmatch(name)
    if match is None:
        return None
    year, month, day, school = map(int, match.groups())
    try:
        return dt.date(year, month, day), school
    except ValueError:  # year=2025/month=13/…
        return None


def quarantine_name(school_id: int) -> str:
    """The name of a school's file, below the prefix of the quarantine."""
    return f"school_{school_id}.jsonl"


def school_of_quarantine(name: str) -> int | None:
    """The school of a file below the prefix of the quarantine; None when it is none of the fetcher's."""
    match = _QUARANTINE.fullmatch(name)
    return int(match[1]) if match else None


@dataclass(frozen=True)
class Areas:
    """The bucket and its key prefixes; quarantine and run records lie beside, never inside."""

    bucket: str
    landing: str

    @property
    def _beside(self) -> str:
        folders = self.landing.rstrip("/").split("/")
        return "".join(f"{folder}/" for folder in folders[:-2])

    @property
    def quarantine(self) -> str:
        """`…/operational/quarantine/`."""
        return f"{self._beside}quarantine/"

    @property
    def runs(self) -> str:
        """`…/operational/runs/`."""
        return f"{self._beside}runs/"

    @property
    def alerts(self) -> str:
        """`…/operational/alerts/`."""
        return f"{self._beside}alerts/"

    @property
    def zone(self) -> str:
        """The s3:// URL of the landing zone."""
        return f"s3://{self.bucket}/{self.landing}"

    def location(self, day: dt.date) -> str:
        """The partition's LOCATION; ends with a slash, since it is a key prefix."""
        return f"{self.zone}{partition_folder(day)}"

    def list_url(self, day: dt.date, school_id: int) -> str:
        """The s3:// URL of a list's object."""
        return f"{self.location(day)}{file_name(school_id)}"
