"""The view with the API's names in lower case, for reports that were written for an older table."""

from __future__ import annotations

from dataclasses import replace

from attendance_common.columns import COLUMNS, Column
from attendance_common.load.view import View
from attendance_common.tables import NATIVE, TableColumn

_DECLARED = {column.name: column for column in NATIVE.columns}
_SHOWN = [column for column in COLUMNS if column.native and column.api_name]


def _name(column: Column) -> str:
    """`studentid`; of a field of the nested object its own name: `roomnumber`."""
    return column.path[-1].lower() if len(column.path) > 1 else str(column.api_name)


def _shown(column: Column) -> TableColumn:
    declared = _DECLARED[str(column.native)]
    return replace(declared, name=_name(column), not_null=False, added_in=column.added_in)


_SELECTED = ",\n    ".join(f"{column.native} AS {_name(column)}" for column in _SHOWN)

API_NAMES = View(
    schema="public",
    name="period_attendance_api_names",
    meaning="The attendance under the names of the API in lower case, for reports on an older table.",
    remark="For reports on an older table. A field of meetingTime is a column: roomnumber, teacher.",
    columns=tuple(map(_shown, _SHOWN)),
    select=f"""\
SELECT
    {_SELECTED}
FROM {NATIVE.qualified}""",
    late_binding=True,
)
