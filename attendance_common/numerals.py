"""Numbers in sentences: singular or plural."""

from __future__ import annotations


def counted(count: int, one: str, many: str) -> str:
    """`1 record is`, `0 records are`: the number, and the words for one or for any other number."""
    return f"{count} {one if count == 1 else many}"


def records(count: int) -> str:
    """`1 record`, `2 records`."""
    return counted(count, "record", "records")
