"""What a measure gives, and how it is shown: one row each, medians over the rounds."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

WIDTH = 150  # fits a log, and a terminal on which the numbers can be compared


@dataclass(frozen=True)
class Row:
    """`met` is None where there is no aim, or where nothing could be measured."""

    measure: str
    aim: str
    seen: str
    runs: int
    met: bool | None = None


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """The median of the quotients, each within its own round: what slows a round slows both."""
    return median(above / below for above, below in zip(numerators, denominators, strict=True))


def show(title: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Print a table that is Markdown as well."""
    table = Table(box=box.MARKDOWN)
    for name in head:
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(*line)
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else WIDTH
    console = Console(width=width, highlight=False, markup=False)
    if title:
        console.print(f"\n{title}:")
    console.print(table)


def show_rows(rows: Iterable[Row], *, judged: bool) -> None:
    """Print what was measured; small sizes are not judged."""
    met = {True: "yes", False: "no", None: ""}
    lines = [
        (row.measure, row.aim, row.seen, str(row.runs), met[row.met if judged else None]) for row in rows
    ]
    show("", ("measure", "aim", "seen (medians)", "runs", "met"), lines)
