"""`python -m tests.bench [MEASURE …] [--quick] [--rounds N …]`: measures, and prints one table.

What is measured is said, never asserted: a machine is as fast as its neighbours let it be. Exit status 1 when
something could not be measured.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Sequence

from tests.bench import fetching, footprint, loading, merging, model, schedules, shipping, years
from tests.bench.sizes import Sizes, add_flags, chosen
from tests.bench.table import Row, show_rows

MEASURES: dict[str, Callable[[Sizes], Iterable[Row]]] = {
    "fetch": fetching.fetch,
    "deletions": fetching.deletions,
    "straightforward": fetching.straightforward,
    "dlt": fetching.dlt,
    "latency": fetching.latency,
    "memory": footprint.memory,
    "startup": footprint.startup,
    "partitions": loading.partitions,
    "unchanged": loading.unchanged,
    "shipping": shipping.shipping,
    "merge": merging.merge,
}
MODEL = "model"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench; returns the exit status."""
    arguments = parse(argv)
    names = arguments.measures or [*MEASURES, MODEL]
    sizes = chosen(arguments)
    rows: list[Row] = []
    failed = False
    for name in names:
        if name == MODEL:
            continue
        begun = time.monotonic()
        try:
            rows += MEASURES[name](sizes)
        except Exception as error:  # noqa: BLE001 - one measure that fails must not take the others along
            rows.append(Row(name, "", f"failed: {type(error).__name__}: {error}", 0))
            failed = True
        print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    if rows:
        show_rows(rows, judged=not arguments.quick)
    if MODEL in names:
        model.tell()
        schedules.tell()
        years.tell()
    return int(failed)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "measures", nargs="*", metavar="MEASURE", help=f"of {', '.join([*MEASURES, MODEL])}; all by default"
    )
    add_flags(parser)
    arguments = parser.parse_args(argv)
    unknown = set(arguments.measures) - {*MEASURES, MODEL}
    if unknown:
        parser.error(f"there is no measure {', '.join(sorted(unknown))}")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
