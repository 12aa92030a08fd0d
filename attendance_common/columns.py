"""The columns of period attendance: the one place where they are declared.

A column's JSON path, its name and type in Parquet and in the external table, and its name and type in the
native table all follow from its line here. The fetcher flattens by it, the loader's SQL is built from it,
and a test holds the setup SQL against it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """What a column holds."""

    BIGINT = auto()
    BOOLEAN = auto()
    TEXT = auto()
    LIST = auto()  # a JSON list, landed as compact JSON text
    DATE = auto()  # MM-DD-YYYY, landed as it came
    TIMESTAMP = auto()  # ISO 8601, landed as UTC text YYYY-MM-DD HH:MM:SS.ffffff


@dataclass(frozen=True)
class Column:
    """One column; `width` is in bytes, as Redshift counts; `native` is None where only S3 has it."""

    path: tuple[str, ...]
    name: str
    kind: Kind
    width: int
    native: str | None

    @property
    def external_type(self) -> str:
        """The type in the external table, which Spectrum holds strictly against the Parquet file."""
        if self.kind in (Kind.BIGINT, Kind.BOOLEAN):
            return self.kind.name
        return f"VARCHAR({self.width})"

    @property
    def native_type(self) -> str:
        """The type in the native table, where dates and times become real ones."""
        if self.kind in (Kind.DATE, Kind.TIMESTAMP):
            return self.kind.name
        return self.external_type


def snake_case(name: str) -> str:
    """`earlyDismissalAttendanceReasonId` -> `early_dismissal_attendance_reason_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


_SAME = "same"
_WIDTHS = {Kind.DATE: 10, Kind.TIMESTAMP: 26}


def _column(path: str, kind: Kind, width: int = 0, native: str | None = _SAME) -> Column:
    """Declare the column of a dotted JSON path; its native name is its own unless another is given."""
    parts = tuple(path.split("."))
    name = "__".join(map(snake_case, parts))
    return Column(parts, name, kind, _WIDTHS.get(kind, width), name if native == _SAME else native)


NESTED = "meetingTime"

COLUMNS: tuple[Column, ...] = (
    _column("id", Kind.BIGINT),
    Column((), "school_id", Kind.BIGINT, 0, "school_id"),  # from the request, not in the record
    _column("date", Kind.DATE, native="attendance_date"),
    _column("studentId", Kind.BIGINT),
    _column("meetingTimeId", Kind.BIGINT),
    _column("meetingTime.id", Kind.BIGINT, native=None),  # repeats meetingTimeId
    _column("meetingTime.sectionId", Kind.BIGINT, native="section_id"),
    _column("meetingTime.roomNumber", Kind.TEXT, 256, native="room_number"),
    _column("meetingTime.semesterNumbers", Kind.LIST, 1024, native="semester_numbers"),
    _column("meetingTime.bellScheduleDay", Kind.TEXT, 256, native="bell_schedule_day"),
    _column("meetingTime.periodFrom", Kind.TEXT, 256, native="period_from"),
    _column("meetingTime.periodTo", Kind.TEXT, 256, native="period_to"),
    _column("meetingTime.startTime", Kind.TEXT, 64, native="start_time"),
    _column("meetingTime.endTime", Kind.TEXT, 64, native="end_time"),
    _column("meetingTime.roomId", Kind.BIGINT, native="room_id"),
    _column("meetingTime.cycle", Kind.TEXT, 1024, native="cycle"),
    _column("meetingTime.teacher", Kind.TEXT, 1024, native="teacher"),
    _column("meetingTime.teachers", Kind.LIST, 16384, native="teachers"),
    _column("meetingTime.markingPeriods", Kind.LIST, 4096, native="marking_periods"),
    _column("meetingTime.semesterPattern", Kind.TEXT, 256, native="semester_pattern"),
    _column("meetingTime.friendlyName", Kind.TEXT, 1024, native="period_name"),
    _column("attendanceReasonId", Kind.BIGINT),
    _column("attendanceReason", Kind.TEXT, 1024),
    _column("modality", Kind.TEXT, 256),
    _column("attendanceStatus", Kind.TEXT, 256),
    _column("excusedStatus", Kind.TEXT, 256),
    _column("isEarlyDismissal", Kind.BOOLEAN),
    _column("earlyDismissalAttendanceReasonId", Kind.BIGINT),
    _column("minutesLate", Kind.BIGINT),
    _column("minutesEarly", Kind.BIGINT),
    _column("minutesMissed", Kind.BIGINT),
    _column("actualMinutes", Kind.BIGINT),
    _column("potentialMinutes", Kind.BIGINT),
    _column("tardyTime", Kind.TEXT, 64),
    _column("dismissedTime", Kind.TEXT, 64),
    _column("comment", Kind.TEXT, 16384),
    _column("isLocked", Kind.BOOLEAN),
    _column("verified", Kind.BOOLEAN),
    _column("createdBy", Kind.BIGINT),
    _column("createdOn", Kind.TIMESTAMP),
    _column("modifiedBy", Kind.BIGINT),
    _column("modifiedOn", Kind.TIMESTAMP),
    Column((), "extra_fields", Kind.TEXT, 32768, "extra_fields"),  # what the vendor adds later, as JSON
)

# Values of the folders year=YYYY/month=MM/day=DD; never inside a file (DG: c-spectrum-external-tables).
PARTITION_COLUMNS: tuple[str, ...] = ("year", "month", "day")

# The loader's own columns, after the record's.
LINEAGE: tuple[tuple[str, str], ...] = (("source_file", "VARCHAR(1024)"), ("loaded_at", "TIMESTAMP"))


def _native_columns() -> tuple[Column, ...]:
    """The columns that the native table keeps, in its order: a room's id stands before its number there."""
    columns = [column for column in COLUMNS if column.native]
    room = next(column for column in columns if column.native == "room_id")
    columns.remove(room)
    section = next(i for i, column in enumerate(columns) if column.native == "section_id")
    columns.insert(section + 1, room)
    return tuple(columns)


NATIVE_COLUMNS: tuple[Column, ...] = _native_columns()
