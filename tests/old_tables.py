"""Older tables with the API's names in lower case, in two shapes, filled from records of the API."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from tests.model import Record, Row, native_row
from tests.pipeline import Pipeline
from tests.samples import SEEN

OLD = "public.old_attendance"
SEPTEMBER, OCTOBER, LAST = date(2019, 9, 3), date(2019, 10, 1), date(2019, 10, 31)

NUMBERS = (
    *("id", "schoolid", "studentid", "meetingtimeid", "attendancereasonid", "createdby", "modifiedby"),
    *("earlydismissalattendancereasonid", "minuteslate", "minutesearly", "minutesmissed", "actualminutes"),
    "potentialminutes",
)
FLAGS = ("isearlydismissal", "islocked", "verified")
TIMES = ("createdon", "modifiedon")
TEXTS = (
    "attendancereason",
    "modality",
    "attendancestatus",
    "excusedstatus",
    "tardytime",
    "dismissedtime",
    "comment",
)
NAMES = (*NUMBERS, *FLAGS, *TEXTS, *TIMES, "date", "meetingtime")

# As a warehouse keeps them, and as texts that were written as they came.
TYPED = {
    **dict.fromkeys(NUMBERS, "BIGINT"),
    **dict.fromkeys(FLAGS, "BOOLEAN"),
    **dict.fromkeys(TEXTS, "VARCHAR(65535)"),
    **dict.fromkeys(TIMES, "TIMESTAMP"),
    "date": "DATE",
    "meetingtime": "SUPER",
}
PLAIN = dict.fromkeys(NAMES, "VARCHAR(65535)")
SHAPES = {"typed": TYPED, "plain": PLAIN}


def record(key: int, day: date, **fields: Any) -> Record:
    """A record as the API sends it."""
    return {**SEEN, "id": key, "date": f"{day:%m-%d-%Y}", **fields}


def rows(records: Iterable[Record], school: int = 1) -> list[Row]:
    """What the native table has of records that can be taken."""
    return [native_row(school, each) for each in records]


def make(
    pipeline: Pipeline, shape: dict[str, str], records: Iterable[Record], *, school: int | None = 1
) -> None:
    """Make the older table and fill it; `school` None: it has no such column."""
    types = {name: kind for name, kind in shape.items() if school is not None or name != "schoolid"}
    columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
    pipeline.query(f"CREATE TABLE {OLD} ({columns})")
    fill(pipeline, types, records, school=school)


def fill(
    pipeline: Pipeline, types: dict[str, str], records: Iterable[Record], *, school: int | None = 1
) -> None:
    """Add rows to it."""
    for each in records:
        values = {name.lower(): value for name, value in each.items()}
        if school is not None:
            values.setdefault("schoolid", school)
        written = ", ".join(_written(values.get(name), kind) for name, kind in types.items())
        pipeline.query(f"INSERT INTO {OLD} SELECT {written}")


def _written(value: Any, kind: str) -> str:
    """A value as SQL of the column's type."""
    if value is None:
        return f"CAST(NULL AS {kind})" if kind != "SUPER" else "JSON_PARSE(NULL)"
    if isinstance(value, (dict, list)):
        text = json.dumps(value, separators=(",", ":"))
        return f"JSON_PARSE({_literal(text)})" if kind == "SUPER" else _literal(text)
    if isinstance(value, bool):
        return str(value).upper() if kind == "BOOLEAN" else _literal(str(value).lower())
    if kind == "TIMESTAMP":
        return f"CAST({_literal(value.removesuffix('Z').replace('T', ' '))} AS TIMESTAMP)"
    if kind == "DATE":
        month, day, year = value.split("-")
        return f"CAST('{year}-{month}-{day}' AS DATE)"
    return str(value) if kind == "BIGINT" else _literal(str(value))


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
