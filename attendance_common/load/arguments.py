"""What the loader's flags take."""

from __future__ import annotations

import argparse
from typing import Any

from attendance_common.arguments import date, school_id


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
