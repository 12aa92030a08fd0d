"""The columns as the specification lists them, written out here a second time."""

from __future__ import annotations

import pytest

from attendance_common.columns import COLUMNS, NATIVE_COLUMNS, Kind, snake_case
from tests.samples import LANDED, SEEN

_EXTERNAL = """
    id school_id date student_id meeting_time_id meeting_time__id meeting_time__section_id
    meeting_time__room_number meeting_time__semester_numbers meeting_time__bell_schedule_day
    meeting_time__period_from meeting_time__period_to meeting_time__start_time meeting_time__end_time
    meeting_time__room_id meeting_time__cycle meeting_time__teacher meeting_time__teachers
    meeting_time__marking_periods meeting_time__semester_pattern meeting_time__friendly_name
    attendance_reason_id attendance_reason modality attendance_status excused_status is_early_dismissal
    early_dismissal_attendance_reason_id minutes_late minutes_early minutes_missed actual_minutes
    potential_minutes tardy_time dismissed_time comment is_locked verified created_by created_on
    modified_by modified_on extra_fields
"""
EXTERNAL_NAMES = _EXTERNAL.split()

_NATIVE = """
    id school_id attendance_date student_id meeting_time_id section_id room_id room_number
    semester_numbers bell_schedule_day period_from period_to start_time end_time cycle teacher teachers
    marking_periods semester_pattern period_name attendance_reason_id attendance_reason modality
    attendance_status excused_status is_early_dismissal early_dismissal_attendance_reason_id
    minutes_late minutes_early minutes_missed actual_minutes potential_minutes tardy_time dismissed_time
    comment is_locked verified created_by created_on modified_by modified_on extra_fields
"""
NATIVE_NAMES = _NATIVE.split()

NOT_BIGINT = {
    "date": "DATE",
    "created_on": "TIMESTAMP",
    "modified_on": "TIMESTAMP",
    "is_early_dismissal": "BOOLEAN",
    "is_locked": "BOOLEAN",
    "verified": "BOOLEAN",
}
GIVEN = {"school_id", "extra_fields"}  # not fields of the record


def test_the_external_columns_are_those_of_the_specification_in_its_order() -> None:
    assert [column.name for column in COLUMNS] == EXTERNAL_NAMES
    assert list(LANDED) == EXTERNAL_NAMES


def test_the_native_columns_are_those_of_the_specification_in_its_order() -> None:
    assert [column.native for column in NATIVE_COLUMNS] == NATIVE_NAMES


def test_every_field_that_the_api_was_seen_to_send_has_a_column() -> None:
    outer = {(key,) for key in SEEN if key != "meetingTime"}
    inner = {("meetingTime", key) for key in SEEN["meetingTime"]}
    declared = [column.path for column in COLUMNS if column.name not in GIVEN]
    assert len(declared) == 41
    assert set(declared) == outer | inner


@pytest.mark.parametrize("name", EXTERNAL_NAMES)
def test_ids_and_minutes_are_bigint_and_flags_boolean(name: str) -> None:
    column = next(column for column in COLUMNS if column.name == name)
    is_number = name == "id" or name.endswith(("_id", "_by", "__id")) or "minutes" in name
    if is_number:
        assert column.external_type == column.native_type == "BIGINT"
    elif NOT_BIGINT.get(name) == "BOOLEAN":
        assert column.external_type == column.native_type == "BOOLEAN"
    else:
        assert column.external_type.startswith("VARCHAR(")
        assert column.native_type == NOT_BIGINT.get(name, column.external_type)


def test_texts_are_wide_enough_and_within_what_redshift_holds() -> None:
    widths = {column.name: column.width for column in COLUMNS if column.external_type.startswith("VARCHAR")}
    assert widths["date"] == len("12-09-2025")
    assert widths["created_on"] == widths["modified_on"] == len("2025-12-09 08:01:44.337000")
    assert all(0 < width <= 65_535 for width in widths.values())
    assert min(widths[name] for name in ("comment", "meeting_time__teachers", "extra_fields")) >= 16_384


def test_only_the_repeated_id_of_the_meeting_time_is_left_out_of_the_native_table() -> None:
    assert [column.name for column in COLUMNS if column.native is None] == ["meeting_time__id"]


def test_lists_are_declared_as_lists() -> None:
    lists = [column.path[-1] for column in COLUMNS if column.kind is Kind.LIST]
    assert lists == [key for key, value in SEEN["meetingTime"].items() if isinstance(value, list)]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("id", "id"),
        ("studentId", "student_id"),
        ("earlyDismissalAttendanceReasonId", "early_dismissal_attendance_reason_id"),
        ("isLocked", "is_locked"),
    ],
)
def test_snake_case(field: str, name: str) -> None:
    assert snake_case(field) == name
