"""One run of the loader: what each of its steps needs, and what they have done so far."""

from __future__ import annotations

import argparse
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attendance_common import aws
from attendance_common.command import Context
from attendance_common.config import LoaderSettings
from attendance_common.landing import Areas
from attendance_common.load import history_sql
from attendance_common.load.listing import LISTERS, Listing
from attendance_common.load.plan import ListId, Part
from attendance_common.load.sums import Done
from attendance_common.load.warehouse import Warehouse

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class LoadRun:
    """The settings and flags of a run, its access to S3 and Redshift, and what it has done so far.

    Each step adds to `done` as it goes, so that the record of a run that fails halfway says what it did.
    `began` is in UTC.
    """

    settings: LoaderSettings
    context: Context
    began: dt.datetime
    areas: Areas
    s3: S3Client
    listing: Listing
    warehouse: Warehouse
    done: Done

    @classmethod
    def begin(cls, settings: LoaderSettings, context: Context) -> LoadRun:
        """A run that begins now; raises AwsError when the Redshift secret cannot be read."""
        now = dt.datetime.now(dt.timezone.utc)
        areas = Areas(settings.bucket, settings.prefix)
        s3 = aws.s3_client(settings, LISTERS)
        listing = Listing(s3, areas)
        return cls(
            settings, context, now, areas, s3, listing, Warehouse(settings), Done({"run": context.run})
        )

    @property
    def flags(self) -> argparse.Namespace:
        """The flags that were given."""
        return self.context.flags

    @property
    def part(self) -> Part:
        """The lists that the flags name."""
        return Part(self.flags.first, self.flags.last, self.flags.school)

    @property
    def forgotten(self) -> list[ListId]:
        """The lists of --forget-list."""
        return [ListId(day, school) for day, school in self.flags.forget_list]

    @property
    def keeps_since(self) -> dt.datetime:
        """Rows that were replaced or removed before this time need not be kept in the history."""
        return history_sql.oldest(self.began, self.settings.history_days)

    @property
    def is_read_only(self) -> bool:
        """Whether the run may not change a table: a dry run, or --verify."""
        return bool(self.context.dry_run or self.flags.verify)
