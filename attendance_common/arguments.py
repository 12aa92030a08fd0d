"""Parsers for the values of flags that both scripts have. A wrong value raises ArgumentTypeError."""

from __future__ import annotations

import argparse
import datetime as dt


def date(text: str) -> dt.date:
    """`2025-12-09` -> the date."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a date such as 2025-12-09") from None


def school_id(text: str) -> int:
    """`12549` -> the id of the school."""
    if text.isascii() and text.isdecimal():
        return int(text)
    raise argparse.ArgumentTypeError("must be the id of a school, such as 12549")
