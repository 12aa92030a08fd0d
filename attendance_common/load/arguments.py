"""The loader's flags for a part of the lists, a backfill and --forget-list; flags that do not go together."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from attendance_common.arguments import date, not_with, school_id
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
        type=school_id,
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


# A flag that asks for a kind of run -> the flags that this run obeys, of those in `_given`. The first counts.
_OBEYED: dict[str, Collection[str]] = {
    "--check": (),
    "--status": ("--json",),
    "--status-page": (),
    "--backfill-from": ("--backfill-school", "--from", "--to", "--reload"),
    "--verify": (),
}


def not_together(flags: argparse.Namespace) -> list[str]:
    """A sentence for each flag that the run would ignore, and for dates in the wrong order."""
    given = _given(flags)
    mode = next((name for name in _OBEYED if given[name]), None)
    faults = not_with(mode, given, _OBEYED[mode]) if mode else _alone(given)
    if flags.first > flags.last:
        faults.append(f"--from {flags.first} is later than --to {flags.last}")
    return faults


def _given(flags: argparse.Namespace) -> dict[str, object]:
    """The flags that only some kinds of run obey -> whether they were given, and what for."""
    return {
        "--check": flags.check,
        "--status": flags.status,
        "--status-page": flags.status_page,
        "--backfill-from": flags.backfill_from,
        "--verify": flags.verify,
        "--reload": flags.reload,
        "--forget-list": flags.forget_list,
        "--school": flags.school,
        "--from": flags.first != dt.date.min,
        "--to": flags.last != dt.date.max,
        "--json": flags.json,
        "--backfill-school": flags.backfill_school is not None,
    }


def _alone(given: Mapping[str, object]) -> list[str]:
    """A sentence for each flag that is given without the one that it belongs to."""
    pairs = {"--json": "--status", "--backfill-school": "--backfill-from"}
    return [f"{name} goes with {other}" for name, other in pairs.items() if given[name]]
