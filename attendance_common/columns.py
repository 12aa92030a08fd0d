"""Declares the columns of period attendance; nothing else does.

A declaration gives a column its JSON path, its meaning, its name and type in Parquet and in the external
table, and its name and type in the native table. The fetcher flattens records by these declarations. The
tables (`attendance_common.tables`), the setup file and the loader's SQL are built from them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto


class Kind(Enum):
    """The type of a column's values."""

    BIGINT = auto()
    BOOLEAN = auto()
    TEXT = auto()
    LIST = auto()  # a JSON list, landed as compact JSON text
    DATE = auto()  # MM-DD-YYYY, landed unchanged
    TIMESTAMP = auto()  # ISO 8601, landed as UTC text YYYY-MM-DD HH:MM:SS.ffffff


@dataclass(frozen=True)
class Column:
    """One column of the record.

    `path`: its JSON path; empty when the API's record does not have the field.
    `width`: in bytes, as Redshift counts.
    `native`: its name in the native table; None when only S3 has the column.
    `required`: a record without it is not landed.
    `native_after`: the native column that it follows in the native table; None: the order of declaration.
    `api_name`: its column in a table that has the API's names in lower case. A nested field is in the column
    of its object. None: that table does not have it.
    `added_in`: the version that added it. Later columns are declared after earlier ones.
    """

    path: tuple[str, ...]
    name: str
    kind: Kind
    meaning: str
    width: int
    native: str | None
    required: bool
    native_after: str | None
    api_name: str | None
    added_in: str | None

    @property
    def external_type(self) -> str:
        """The type in the external table. Spectrum refuses a Parquet file whose types differ."""
        if self.kind in (Kind.BIGINT, Kind.BOOLEAN):
            return self.kind.name
        return f"VARCHAR({self.width})"

    @property
    def native_type(self) -> str:
        """The type in the native table, where dates and times are DATE and TIMESTAMP, not text."""
        if self.kind in (Kind.DATE, Kind.TIMESTAMP):
            return self.kind.name
        return self.external_type


def snake_case(name: str) -> str:
    """`earlyDismissalAttendanceReasonId` -> `early_dismissal_attendance_reason_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


_SAME = "same"
_WIDTHS = {Kind.DATE: 10, Kind.TIMESTAMP: 26}


def _column(
    path: str,
    kind: Kind,
    meaning: str,
    width: int = 0,
    *,
    native: str | None = _SAME,
    in_record: bool = True,
    required: bool = False,
    native_after: str | None = None,
    api_name: str | None = None,
    added_in: str | None = None,
) -> Column:
    """Declare the column of a dotted JSON path. Its native name is the same, unless `native` is given."""
    parts = tuple(path.split("."))
    name = "__".join(map(snake_case, parts))
    return Column(
        path=parts if in_record else (),
        name=name,
        kind=kind,
        meaning=meaning,
        width=_WIDTHS.get(kind, width),
        native=name if native == _SAME else native,
        required=required,
        native_after=native_after,
        api_name=parts[0].lower() if in_record else api_name,
        added_in=added_in,
    )


NESTED = "meetingTime"  # the nested object of each record

COLUMNS: tuple[Column, ...] = (
    _column(
        "id",
        Kind.BIGINT,
        "Number that ESD gives the record. It stays the same when the record changes.",
        required=True,
    ),
    _column(
        "school_id",
        Kind.BIGINT,
        "ESD's number of the school whose list has the record.",
        in_record=False,
        required=True,
        api_name="schoolid",
    ),
    _column(
        "date", Kind.DATE, "School day that the record is about.", native="attendance_date", required=True
    ),
    _column("studentId", Kind.BIGINT, "ESD's number of the student.", required=True),
    _column(
        "meetingTimeId",
        Kind.BIGINT,
        "ESD's number of the meeting time: a section's place in the timetable.",
    ),
    _column(
        "meetingTime.id",
        Kind.BIGINT,
        "Number of the meeting time, as the nested object repeats it.",
        native=None,
    ),
    _column(
        "meetingTime.sectionId",
        Kind.BIGINT,
        "ESD's number of the section: the class that met.",
        native="section_id",
    ),
    _column(
        "meetingTime.roomNumber",
        Kind.TEXT,
        "Number of the room as the school writes it.",
        256,
        native="room_number",
    ),
    _column(
        "meetingTime.semesterNumbers",
        Kind.LIST,
        "The section's semesters, as a JSON list.",
        1024,
        native="semester_numbers",
    ),
    _column(
        "meetingTime.bellScheduleDay",
        Kind.TEXT,
        "Day of the bell schedule, such as A or B.",
        256,
        native="bell_schedule_day",
    ),
    _column("meetingTime.periodFrom", Kind.TEXT, "First period of the meeting.", 256, native="period_from"),
    _column(
        "meetingTime.periodTo",
        Kind.TEXT,
        "Last period of the meeting, often the first one.",
        256,
        native="period_to",
    ),
    _column(
        "meetingTime.startTime",
        Kind.TEXT,
        "Start of the meeting, HH:MM:SS as the source writes it.",
        64,
        native="start_time",
    ),
    _column(
        "meetingTime.endTime",
        Kind.TEXT,
        "End of the meeting, HH:MM:SS as the source writes it.",
        64,
        native="end_time",
    ),
    _column(
        "meetingTime.roomId",
        Kind.BIGINT,
        "ESD's number of the room.",
        native="room_id",
        native_after="section_id",
    ),
    _column(
        "meetingTime.cycle",
        Kind.TEXT,
        "Days of the cycle on which the section meets, such as A,B.",
        1024,
        native="cycle",
    ),
    _column("meetingTime.teacher", Kind.TEXT, "Name of the teacher. Personal data.", 1024, native="teacher"),
    _column(
        "meetingTime.teachers",
        Kind.LIST,
        "Number and name of each teacher, a JSON list. Personal data.",
        16384,
        native="teachers",
    ),
    _column(
        "meetingTime.markingPeriods",
        Kind.LIST,
        "The section's marking periods, as a JSON list.",
        4096,
        native="marking_periods",
    ),
    _column(
        "meetingTime.semesterPattern",
        Kind.TEXT,
        "The section's semesters, such as FY: full year.",
        256,
        native="semester_pattern",
    ),
    _column(
        "meetingTime.friendlyName",
        Kind.TEXT,
        "Name of the period that people use, such as Period 3.",
        1024,
        native="period_name",
    ),
    _column(
        "attendanceReasonId",
        Kind.BIGINT,
        "ESD's number of the reason for absence or tardiness.",
    ),
    _column(
        "attendanceReason",
        Kind.TEXT,
        "Reason for absence or tardiness, in words.",
        1024,
    ),
    _column("modality", Kind.TEXT, "How the student took part, such as In Person.", 256),
    _column(
        "attendanceStatus",
        Kind.TEXT,
        "Attendance: codes (A) and words (Absent). Count both.",
        256,
    ),
    _column(
        "excusedStatus", Kind.TEXT, "Whether absence or tardiness is excused, in the source's words.", 256
    ),
    _column("isEarlyDismissal", Kind.BOOLEAN, "TRUE when the student was dismissed before the period ended."),
    _column(
        "earlyDismissalAttendanceReasonId",
        Kind.BIGINT,
        "ESD's number of the reason for the early dismissal.",
    ),
    _column("minutesLate", Kind.BIGINT, "Minutes by which the student came late."),
    _column("minutesEarly", Kind.BIGINT, "Minutes by which the student left early."),
    _column("minutesMissed", Kind.BIGINT, "Minutes of the period that the student missed."),
    _column("actualMinutes", Kind.BIGINT, "Minutes of the period that the student attended."),
    _column("potentialMinutes", Kind.BIGINT, "Minutes of the period that the student could attend."),
    _column("tardyTime", Kind.TEXT, "Time at which the late student came, as the source writes it.", 64),
    _column(
        "dismissedTime", Kind.TEXT, "Time at which the student was dismissed, as the source writes it.", 64
    ),
    _column("comment", Kind.TEXT, "Free text of the school's staff. It can hold personal data.", 16384),
    _column("isLocked", Kind.BOOLEAN, "TRUE when the record is locked in ESD."),
    _column("verified", Kind.BOOLEAN, "TRUE when the record is verified in ESD."),
    _column("createdBy", Kind.BIGINT, "ESD's number of the user who created the record."),
    _column("createdOn", Kind.TIMESTAMP, "Time at which the record was created, in UTC."),
    _column("modifiedBy", Kind.BIGINT, "ESD's number of the user who changed the record last."),
    _column(
        "modifiedOn",
        Kind.TIMESTAMP,
        "Time of the last change, in UTC. The newest wins. NULL is oldest.",
    ),
    _column(
        "extra_fields",
        Kind.TEXT,
        "Fields without a column of their own, as a JSON object. NULL: none.",
        32768,
        in_record=False,
    ),
)

# In the folder names year=YYYY/month=MM/day=DD; no file may have them (DG: c-spectrum-external-tables).
PARTITION_COLUMNS: tuple[str, ...] = ("year", "month", "day")


def _native_columns() -> tuple[Column, ...]:
    """The columns of the native table, in its order."""
    columns = [column for column in COLUMNS if column.native]
    for column in [column for column in columns if column.native_after]:
        columns.remove(column)
        names = [each.native for each in columns]
        columns.insert(names.index(column.native_after) + 1, column)
    return tuple(columns)


NATIVE_COLUMNS: tuple[Column, ...] = _native_columns()
