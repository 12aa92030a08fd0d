"""Reads what an answer of the API states about the whole list: how many pages and entries it has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_COUNT_TEXT = re.compile(r"([0-9]{1,18})(\.0+)?")
_TOO_MANY = 10**18  # no list is so long; a BIGINT column can hold any smaller number


@dataclass(frozen=True)
class Paging:
    """The number of pages and of entries of the list; None when the answer does not state it."""

    pages: int | None = None
    count: int | None = None


def read_paging(info: Any) -> Paging:
    """The totals of a decoded `pagingInfo` of any type. Of two numbers of pages, the greater one counts."""
    if not isinstance(info, dict):
        return Paging()
    pages, total = _count(info.get("pageCount")), _count(info.get("totalPages"))
    return Paging(greater(pages, total), _count(info.get("totalCount")))


def greater(one: int | None, other: int | None) -> int | None:
    """The greater of two numbers; if one is None, the other."""
    return max((each for each in (one, other) if each is not None), default=None)


def _count(value: Any) -> int | None:
    """A whole number, also as text (`"250"`) or with an empty fraction (`250.0`); None for anything else."""
    if isinstance(value, str):
        found = _COUNT_TEXT.fullmatch(value.strip())
        return int(found[1]) if found else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _TOO_MANY:
        return None
    return int(value) if value == int(value) else None
