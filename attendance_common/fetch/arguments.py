"""Parsers for the values of the fetcher's flags. A wrong value raises ArgumentTypeError."""

from __future__ import annotations

import argparse
import datetime as dt
from dataclasses import dataclass
from typing import Any

from attendance_common.conditions import ALL

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
    number, slash, of = text.partition("/")
    if slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
        return Shard(int(number), int(of))
    raise argparse.ArgumentTypeError("must be i/n with i from 1 to n, such as 1/3")


def days_ago(text: str) -> dt.date:
    """A number of days -> the date so many days ago, in UTC."""
    if text.isdecimal() and 1 <= int(text) <= 10_000:
        return dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=int(text))
    raise argparse.ArgumentTypeError("must be a number of days from 1")


def hours_ago(text: str) -> dt.datetime:
    """A number of hours -> the time so many hours and MARGIN ago, in UTC, without a zone."""
    if text.isdecimal() and 1 <= int(text) <= 100_000:
        now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
        return now - dt.timedelta(hours=int(text)) - MARGIN
    raise argparse.ArgumentTypeError("must be a number of hours from 1")


def school_and_count(text: str) -> tuple[int, int]:
    """`12549=40` -> the school, and how many of its records may be removed."""
    school, equals, count = text.partition("=")
    if equals and all(part.isascii() and part.isdecimal() for part in (school, count)):
        return int(school), int(count)
    raise argparse.ArgumentTypeError("must be SCHOOL=COUNT, such as 12549=40")


class AddRemovals(argparse.Action):
    """Collects all SCHOOL=COUNT of the command line in a mapping."""

    def __call__(
        self, _parser: object, namespace: argparse.Namespace, values: Any, _option: str | None = None
    ) -> None:
        """Add one SCHOOL=COUNT."""
        school, count = values
        setattr(namespace, self.dest, {**getattr(namespace, self.dest), school: count})
