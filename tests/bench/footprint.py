"""What the scripts take: memory at its peak, and the time until they say something."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from statistics import median

from tests.bench.processes import FETCHER, LOADER, run, script, watched
from tests.bench.sizes import Sizes
from tests.bench.source import Source
from tests.bench.table import Row
from tests.sandbox.environment import without_settings

HEAVY = ("boto3", "polars", "psycopg2")


def memory(sizes: Sizes) -> Iterator[Row]:
    """The fetcher's peak; many schools and large ones cost no more than few."""
    whole, more = sizes.schools * sizes.records, sizes.times_more
    few = _peak(sizes, sizes.schools, sizes.records)
    yield _row(f"peak memory: {whole:,} records in {sizes.schools} schools", few, sizes, 200)
    one = _peak(sizes, 1, whole)
    yield _row(f"the same in one school ({whole:,} records)", one, sizes, 250)
    many = _peak(sizes, sizes.schools * more, sizes.records)
    yield _growth(f"{more} times as many schools ({whole * more:,} records)", few, many, sizes)
    large = _peak(sizes, more, whole)
    yield _growth(f"{more} schools of {whole:,} records against one of them", one, large, sizes)


def _peak(sizes: Sizes, schools: int, records: int) -> float:
    """Megabytes, the median over the rounds."""
    with Source(schools, records) as source:
        environment = source.environment(ESD_PAGE_SIZE=str(sizes.page_size))
        peaks = []
        for _ in range(sizes.slow_rounds):
            source.empty_bucket()
            peaks.append(watched(FETCHER, environment).peak)
    return median(peaks)


def _row(measure: str, peak: float, sizes: Sizes, aim: int) -> Row:
    return Row(measure, f"<= {aim} MB", f"{peak:.0f} MB", sizes.slow_rounds, peak <= aim)


def _growth(measure: str, before: float, after: float, sizes: Sizes) -> Row:
    times = after / before
    seen = f"{after:.0f} MB, {times:.2f} x"
    return Row(f"peak memory: {measure}", "<= 1.1 x", seen, sizes.slow_rounds, times <= 1.1)


def startup(sizes: Sizes) -> Iterator[Row]:
    """`--help` answers at once, since it imports nothing heavy."""
    for name in (FETCHER, LOADER):
        environment = without_settings(os.environ)
        waited = median(script(name, environment, "--help").seconds for _ in range(2 * sizes.rounds))
        heavy = _imported(name, environment)
        yield Row(
            f"start-up: {name} --help",
            f"<= 0.3 s, no {', '.join(HEAVY)}",
            f"{waited:.2f} s, imports {', '.join(heavy) or 'none of them'}",
            2 * sizes.rounds,
            waited <= 0.3 and not heavy,
        )


def _imported(name: str, environment: dict[str, str]) -> list[str]:
    """Which of the heavy libraries `--help` imports."""
    code = (
        "import runpy, sys\n"
        f"sys.argv = [{name!r}, '--help']\n"
        "try:\n"
        f"    runpy.run_path({name!r}, run_name='__main__')\n"
        "finally:\n"
        f"    print(*sys.modules.keys() & {set(HEAVY)!r})\n"
    )
    return sorted(run([sys.executable, "-c", code], environment).lines[-1].split())
