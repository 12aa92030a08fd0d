"""Makes the JSON text of the column `extra_fields` from the fields of a record that have no column.

A field that the column cannot hold is left out and reported; the rest of the record is landed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from attendance_common.columns import COLUMNS, NESTED

UNNAMED = "a field whose name is no plain word"  # in place of a name that may be a student's data
MOST_FIELDS = 10  # so many are named in a result and in the log: a source may give each record its own

_WIDTH = next(column.width for column in COLUMNS if column.name == "extra_fields")
_KNOWN = frozenset(column.path for column in COLUMNS if column.path) | {(NESTED,)}
_NESTED_BYTES = len(f'"{NESTED}":{{}}')
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


@dataclass(frozen=True)
class ExtraFields:
    """The column's text (None: no field), and the names of the fields that are left out, fit for a log."""

    text: str | None
    left_out: tuple[str, ...] = ()


def compact(value: Any) -> str:
    """Compact JSON; raises ValueError for a value that JSON does not have, such as infinity."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def extra_fields(record: Mapping[str, Any]) -> ExtraFields:
    """The fields of a record and of its nested object that have no declared column.

    Fields that are not valid JSON or Unicode are left out. If the text is too long, the longest fields are
    left out. Names are sorted: a list is not written again because the source changed the order of fields.
    """
    members = {path: _member(path[-1], value) for path, value in _unknown(record)}
    kept = _fitting({path: member for path, member in members.items() if member is not None})
    left_out = tuple(_reportable_name(path) for path in members if path not in kept)
    return ExtraFields(_text(kept) if kept else None, left_out)


def _unknown(record: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    nested = record.get(NESTED)
    for key, value in record.items():
        if (key,) not in _KNOWN:
            yield (key,), value
    for key, value in nested.items() if isinstance(nested, dict) else ():
        if (NESTED, key) not in _KNOWN:
            yield (NESTED, key), value


def _member(name: str, value: Any) -> str | None:
    """`"name":value` as compact JSON; None when a column cannot hold it."""
    try:
        member = f"{compact(name)}:{compact(value)}"
        member.encode()
    except (ValueError, RecursionError):  # a lone surrogate is a ValueError, too
        return None
    return member


def _fitting(members: Mapping[tuple[str, ...], str]) -> dict[tuple[str, ...], str]:
    """The shortest members, as many as the column holds."""
    kept: dict[tuple[str, ...], str] = {}
    size, opened = 1, False  # the two braces, less the comma that the last member does not have
    for path in sorted(members, key=lambda path: (len(members[path].encode()), path)):
        opens = len(path) == 2 and not opened
        more = len(members[path].encode()) + 1 + (_NESTED_BYTES if opens else 0)
        if size + more > _WIDTH:
            break
        kept[path] = members[path]
        size, opened = size + more, opened or opens
    return kept


def _text(members: Mapping[tuple[str, ...], str]) -> str:
    """The members as one object, those of the nested object in an object of its own."""
    outer = {path[0]: member for path, member in members.items() if len(path) == 1}
    inner = [member for path, member in sorted(members.items()) if len(path) == 2]
    if inner:
        outer[NESTED] = f"{compact(NESTED)}:{{{','.join(inner)}}}"
    return f"{{{','.join(member for _, member in sorted(outer.items()))}}}"


def _reportable_name(path: tuple[str, ...]) -> str:
    """A field's name if it is a plain word, else UNNAMED: any other text may be a student's data."""
    return ".".join(path) if all(map(_PLAIN.fullmatch, path)) else UNNAMED
