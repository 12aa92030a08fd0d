"""Checks of flags that both scripts have: parsers of values, and flags that do not go together.

A value that cannot be parsed raises ArgumentTypeError.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Collection, Mapping

from attendance_common.numerals import number


def date(text: str) -> dt.date:
    """`2025-12-09` -> the date."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a date such as 2025-12-09") from None


def school_id(text: str) -> int:
    """`12549` -> the id of the school."""
    school = number(text)
    if school is None:
        raise argparse.ArgumentTypeError("must be the id of a school, such as 12549")
    return school


def not_with(mode: str, given: Mapping[str, object], goes_with: Collection[str] = ()) -> list[str]:
    """A sentence for each flag that was given and that the kind of run would ignore.

    `mode`: the flag that asks for this kind of run. `given`: flag -> what was given, false when nothing was.
    `goes_with`: the flags that it obeys.
    """
    ignored = (name for name, value in given.items() if value and name not in (mode, *goes_with))
    return [f"{name} does not go with {mode}: leave one out" for name in ignored]
