"""The loader's flags for a part of the lists, for a backfill and for --forget-list."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from attendance_common.arguments import date, school_id
from attendance_common.load.old_table import TableName, table_name


class AddList(argparse.Action):
    """`2025-12-09 12549` -> a date and a school, as often as the flag is given."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, *_: Any
    ) -> None:
        """Add one."""
        try:
            each = date(values[0]), school_id(values[1])
        except argparse.ArgumentTypeError:
            parser.error(
                f"argument {self.option_strings[0]}: must be a date and a school, such as 2025-12-09 12549"
            )
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), each])


def add_part(parser: argparse.ArgumentParser) -> None:
    """The flags for a part of the lists: dates and schools."""
    parser.add_argument(
        "--from",
        dest="first",
        type=date,
        default=dt.date.min,
        metavar="DATE",
        help="load only lists of dates from DATE on",
    )
    parser.add_argument(
        "--to",
        dest="last",
        type=date,
        default=dt.date.max,
        metavar="DATE",
        help="load only lists of dates up to DATE",
    )
    parser.add_argument(
        "--school",
        type=int,
        action="append",
        default=[],
        metavar="ID",
        help="load only its lists (repeatable)",
    )


def add_backfill(parser: argparse.ArgumentParser) -> None:
    """The flags of a backfill."""
    parser.add_argument(
        "--backfill-from",
        type=_old_table,
        metavar="TABLE",
        help="take the rows of an older table (SCHEMA.TABLE), of dates --from and --to; load nothing else",
    )
    parser.add_argument(
        "--backfill-school",
        type=school_id,
        metavar="ID",
        help="with --backfill-from: whose rows they are, when the table has no column schoolid",
    )


def _old_table(text: str) -> TableName:
    """`SCHEMA.TABLE`."""
    try:
        return table_name(text)
    except ValueError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None


def not_together(flags: argparse.Namespace) -> list[str]:
    """A sentence for each flag that may not be used with --backfill-from, or only with it."""
    if flags.backfill_from is None:
        return ["--backfill-school goes with --backfill-from"] if flags.backfill_school is not None else []
    others = {"--verify": flags.verify, "--forget-list": flags.forget_list, "--school": flags.school}
    return [
        f"{name} does not go with --backfill-from: leave one out" for name, given in others.items() if given
    ]
