"""Checks of the fetcher's flags: parsers of values, and flags that do not go together.

A value that cannot be parsed raises ArgumentTypeError.
"""

from __future__ import annotations

import argparse
import datetime as dt
from dataclasses import dataclass
from typing import Any

from attendance_common.arguments import not_with
from attendance_common.conditions import ALL
from attendance_common.numerals import number

MARGIN = dt.timedelta(minutes=15)  # a run may start late, and the source's clock may be slow


@dataclass(frozen=True)
class Shard:
    """A machine's share of the schools. It follows from the ids alone, so machines need not communicate."""

    number: int
    of: int

    @property
    def name(self) -> str:
        """The name of the share in the run record."""
        return ALL if self.of == 1 else f"{self.number}/{self.of}"

    def has(self, school: int) -> bool:
        """Whether the school is in this share."""
        return school % self.of == self.number - 1


def shard(text: str) -> Shard:
    """`2/3` -> the second of three shares."""
    which, _, shares = text.partition("/")
    if (of := number(shares, 1)) and (each := number(which, 1, of)):
        return Shard(each, of)
    raise argparse.ArgumentTypeError("must be i/n with i from 1 to n, such as 1/3")


def days_ago(text: str) -> dt.date:
    """A number of days -> the date so many days ago, in UTC."""
    if days := number(text, 1, 10_000):
        return dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=days)
    raise argparse.ArgumentTypeError("must be a number of days from 1")


def hours_ago(text: str) -> dt.datetime:
    """A number of hours -> the time so many hours and MARGIN ago, in UTC, without a zone."""
    if hours := number(text, 1, 100_000):
        now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
        return now - dt.timedelta(hours=hours) - MARGIN
    raise argparse.ArgumentTypeError("must be a number of hours from 1")


def school_and_count(text: str) -> tuple[int, int]:
    """`12549=40` -> the school, and how many of its records may be removed."""
    school, count = map(number, text.partition("=")[::2])
    if school is not None and count is not None:
        return school, count
    raise argparse.ArgumentTypeError("must be SCHOOL=COUNT, such as 12549=40")


class AddRemovals(argparse.Action):
    """Collects all SCHOOL=COUNT of the command line in a mapping."""

    def __call__(
        self, _parser: object, namespace: argparse.Namespace, values: Any, _option: str | None = None
    ) -> None:
        """Add one SCHOOL=COUNT."""
        school, count = values
        setattr(namespace, self.dest, {**getattr(namespace, self.dest), school: count})


def not_together(flags: argparse.Namespace) -> list[str]:
    """A sentence for each flag that the run would ignore."""
    given = {
        "--check": flags.check,
        "--quarantine": flags.quarantine,
        "--replay-quarantine": flags.replay_quarantine,
        "--days, --since or --modified-hours": flags.since,
        "--allow-removals": flags.allow_removals,
        "--school": flags.school,
        "--shard": flags.shard.of > 1,
    }
    mode = next((name for name in ("--check", "--quarantine", "--replay-quarantine") if given[name]), None)
    return not_with(mode, given) if mode else []
