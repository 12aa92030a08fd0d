"""The fields of a record that have no column of their own -> the JSON text of the column `extra_fields`.

A field that cannot stand there costs itself alone: it is left out and named, and the record is landed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from attendance_common.columns import COLUMNS, NESTED

UNNAMED = "a field whose name is no plain word"  # what a field is called that must not be named
MOST_FIELDS = 10  # that a result or the log names: a source may give each record fields of its own

_WIDTH = next(column.width for column in COLUMNS if column.name == "extra_fields")
_KNOWN = frozenset(column.path for column in COLUMNS if column.path) | {(NESTED,)}
_NESTED_BYTES = len(f'"{NESTED}":{{}}')
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)


@dataclass(frozen=True)
class ExtraFields:
    """The column's text (None: no field), and the fields that are left out, each by what it may be called."""

    text: str | None
    left_out: tuple[str, ...] = ()


def compact(value: Any) -> str:
    """Compact JSON; raises ValueError for what JSON cannot say (infinity)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def extra_fields(record: Mapping[str, Any]) -> ExtraFields:
    """The fields of a record and of its nested object that are not declared.

    Left out are those that are no JSON or no Unicode, and the longest ones while the text is too long. Names
    are sorted, so that their order alone never rewrites an object.
    """
    members = {path: _member(path[-1], value) for path, value in _unknown(record)}
    kept = _fitting({path: member for path, member in members.items() if member is not None})
    left_out = tuple(_spoken(path) for path in members if path not in kept)
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
    """`"name":value` as compact JSON; None when it is none that a column can hold."""
    try:
        member = f"{compact(name)}:{compact(value)}"
        member.encode()
    except (ValueError, RecursionError):  # a lone surrogate is a ValueError, too
        return None
    return member


def _fitting(members: Mapping[tuple[str, ...], str]) -> dict[tuple[str, ...], str]:
    """The shortest members, as many as the column holds."""
    kept: dict[tuple[str, ...], str] = {}
    size, opened = 1, False  # the two braces, and a comma less than there are members
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


def _spoken(path: tuple[str, ...]) -> str:
    """A field's name where it is a plain word; any other text may be a student's data."""
    return ".".join(path) if all(map(_PLAIN.fullmatch, path)) else UNNAMED
