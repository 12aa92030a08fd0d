"""How a listing is sorted: by date, by id, or by `modifiedOn`. All orders are ascending."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timezone

import orjson

from .records import Record, Row

UNDATED = ("oldest", "newest", "created")  # where records without a readable modifiedOn are put
_FIRST = datetime.min.replace(tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


def by_id(rows: Iterable[Row]) -> list[Row]:
    """The rows sorted by id."""
    return sorted(rows, key=lambda row: row.id)


def by_modification(rows: Iterable[Row], undated: str = "oldest") -> list[Row]:
    """The rows sorted by `modifiedOn`, equal ones by id.

    `undated`: rows without a readable one come before all others (`oldest`), behind them (`newest`), or
    where their `createdOn` puts them (`created`).
    """
    return sorted(rows, key=lambda row: (_moment(orjson.loads(row.body), undated), row.id))


def _moment(record: Record, undated: str) -> datetime:
    if undated == "created":
        return instant(record.get("modifiedOn")) or instant(record.get("createdOn")) or _FIRST
    return instant(record.get("modifiedOn")) or (_LAST if undated == "newest" else _FIRST)


def instant(text: object) -> datetime | None:
    """An ISO 8601 time with `Z` or an offset; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        head, _, fraction = text.replace("Z", "+00:00").partition(".")
        if fraction:  # Python 3.10 reads three or six decimals alone
            digits = fraction[: len(fraction) - len(fraction.lstrip("0123456789"))]
            head += f".{digits[:6]:0<6}{fraction[len(digits) :]}"
        moment = datetime.fromisoformat(head)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
