"""The bench shows a row for everything that it measures; how fast that was is nobody's business here."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.documents import ROOT

ROWS = (
    "reading and decoding",
    "refetch of the same data",
    "had a deletion",
    "the straightforward script",
    "against dlt",
    "s a page",
    "the model's prediction",
    "peak memory: 1,000 records in 2 schools",
    "in one school",
    "times as many schools",
    "against one of them",
    "start-up: esd_period_attendance_fetcher.py",
    "start-up: redshift_loader.py",
    "new partitions",
    "nothing changed",
    "peak memory with 4,000 objects",
    "listing 2,000 objects",
    "rows staged in a night",
    "ships when a record is deleted",
    "statements of a batch",
    "2 % of them updates, against INSERT … WHERE NOT EXISTS",
    "night: one list in 5 of these changed",
    "a night in which all lists changed",
    "Hours of a year's fetch",
    "Growth",
    "A night and an hour",
)


def test_quick_bench_prints_a_row_for_every_measure() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "1000"},  # no row is folded
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [row for row in ROWS if row not in done.stdout] == []
