"""Numbers and text: whole numbers from text, and numbers in sentences."""

from __future__ import annotations

GREATEST = 2**63 - 1  # of a BIGINT


def number(text: str, low: int = 0, high: int = GREATEST) -> int | None:
    """`12549` -> the number; None for anything but ASCII digits that give a number from `low` to `high`."""
    digits = text.isascii() and text.isdecimal() and len(text) <= len(str(GREATEST))
    return int(text) if digits and low <= int(text) <= high else None


def counted(count: int, one: str, many: str) -> str:
    """`1 record is`, `0 records are`: the number, and the words for one or for any other number."""
    return f"{count} {one if count == 1 else many}"


def records(count: int) -> str:
    """`1 record`, `2 records`."""
    return counted(count, "record", "records")
