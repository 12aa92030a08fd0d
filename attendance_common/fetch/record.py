"""Flattens one record of the API into a row of the landing zone, or gives the reason why it cannot be landed.

This module defines flattening. It accepts any JSON and never guesses. `page` flattens whole pages of ordinary
records faster, with the same result. No reason contains a value: values are students' data.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from attendance_common.columns import COLUMNS, NESTED, Column, Kind
from attendance_common.fetch.deep_json import cut_deep
from attendance_common.fetch.extra_fields import compact, extra_fields

Row = dict[str, Any]

_BIGINT = range(-(2**63), 2**63)
_NUMBER_TEXT = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_DIGITS = 4_000  # at most, of an integer to read; Python refuses more than 4,300
_DATE = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d+))?(?:(Z)|([+-])(\d{2})(?::?(\d{2}))?)", re.ASCII
)
_EMPTY: tuple[Any, ...] = (None, "", [])  # what the API sends in place of a missing nested object
REQUIRED = tuple(column for column in COLUMNS if column.path and column.required)


class Unfit(ValueError):
    """The record cannot be landed; the text says which field and why, never with which value."""


def parse_date(text: str) -> dt.date | None:
    """`12-09-2025` -> the date; None when it is malformed or no such day exists."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    month, day, year = map(int, match.groups())
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def parse_instant(text: str) -> str | None:
    """ISO 8601 with an offset -> UTC text `YYYY-MM-DD HH:MM:SS.ffffff`, cut to microseconds.

    None when it is malformed or impossible, or has no offset: then its instant would be a guess.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        return None
    day, time, fraction, _, sign, hours, minutes = match.groups()
    try:
        local = dt.datetime.fromisoformat(f"{day}T{time}")
        offset = dt.timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
        instant = local + offset if sign == "-" else local - offset
    except (ValueError, OverflowError):
        return None
    if offset >= dt.timedelta(days=1) or int(minutes or 0) > 59:
        return None
    return f"{instant.isoformat(sep=' ')}.{(fraction or '')[:6]:0<6}"


def decode(text: str, *, strict: bool = True) -> Any:
    """Decode JSON. An integer that is too long to read becomes infinity, which no column accepts.

    Raises what json.loads raises.
    """
    return json.loads(text, strict=strict, parse_int=_readable_integer)


def decode_record(text: str) -> Any:
    """Decode a record. A field that is nested too deeply to read becomes NaN, which no column accepts.

    Raises ValueError when the text is not JSON.
    """
    try:
        return decode(text)
    except RecursionError:
        return decode(cut_deep(text, 1, lambda _: "NaN"))


def has_modified_on(text: str) -> bool:
    """Whether the text is a record with a readable `modifiedOn`; its other fields may be wrong."""
    try:
        record = decode_record(text)
    except (ValueError, RecursionError):
        return False
    time = record.get("modifiedOn") if isinstance(record, dict) else None
    return isinstance(time, str) and parse_instant(time) is not None


def _readable_integer(text: str) -> int | float:
    return int(text) if len(text) <= _DIGITS else math.inf


def flatten_record(record: Any, school_id: int) -> Row:
    """The row of one decoded record, with every declared column; raises Unfit with the reason."""
    if not isinstance(record, dict):
        raise Unfit("the record is not an object")
    if not isinstance(record.get(NESTED), dict) and record.get(NESTED) not in _EMPTY:
        raise Unfit(f"{NESTED}: not an object")
    row = {column.name: _fit(column, _at(record, column.path)) for column in COLUMNS if column.path}
    row["school_id"] = school_id
    row["extra_fields"] = extra_fields(record).text
    for column in REQUIRED:
        if row[column.name] is None:
            raise Unfit(f"{_field(column)}: missing")
    return row


def record_id(record: Any) -> int | None:
    """The id of a record, whose other fields may be unfit; None when it has no id that can be landed."""
    value = record.get("id") if isinstance(record, dict) else None
    fitted = _integer(value)
    return None if isinstance(fitted, Unfit) else fitted


def _field(column: Column) -> str:
    return ".".join(column.path) or column.name


def _at(record: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = record
    for key in path:
        value = (value or {}).get(key)
    return value


def _fit(column: Column, value: Any) -> Any:
    if value is None:
        return None
    fitted = _FITTERS[column.kind](value)
    if isinstance(fitted, Unfit):
        raise Unfit(f"{_field(column)}: {fitted}")
    if isinstance(fitted, str):
        _check_text(column, fitted)
    return fitted


def _check_text(column: Column, text: str) -> None:
    name = _field(column)
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise Unfit(f"{name}: not valid Unicode") from None
    if length > column.width:
        raise Unfit(f"{name}: longer than {column.width} bytes")
    if "\0" in text:
        raise Unfit(f"{name}: holds a NUL character")


def _integer(value: Any) -> int | Unfit:
    if isinstance(value, str):
        value = _number(value.strip())
    elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return Unfit("not a whole number")
    return value if value in _BIGINT else Unfit("beyond BIGINT")


def _number(text: str) -> int | str:
    """The whole number that a text is, exact for any number of digits; else the text."""
    if not _NUMBER_TEXT.fullmatch(text):
        return text
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else text


def _boolean(value: Any) -> bool | Unfit:
    return value if isinstance(value, bool) else Unfit("neither true nor false")


def _text(value: Any) -> str | Unfit:
    try:
        return value if isinstance(value, str) else compact(value)
    except ValueError:
        return Unfit("not valid JSON")


def _date(value: Any) -> str | Unfit:
    if isinstance(value, str) and parse_date(value):
        return value
    return Unfit("not a date MM-DD-YYYY")


def _instant(value: Any) -> str | Unfit:
    instant = parse_instant(value) if isinstance(value, str) else None
    return instant or Unfit("not an ISO 8601 time with an offset")


_FITTERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.BIGINT: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.TEXT: _text,
    Kind.LIST: _text,
    Kind.DATE: _date,
    Kind.TIMESTAMP: _instant,
}
