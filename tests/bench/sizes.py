"""How much is measured: the full sizes, and small ones that show only that every measure runs."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field, fields, replace


def _size(default: int, quick: int, about: str) -> int:
    made: int = field(default=default, metadata={"quick": quick, "about": about})
    return made


@dataclass(frozen=True)
class Sizes:
    """Each is a flag with its name."""

    rounds: int = _size(5, 1, "repetitions of what is quick")
    slow_rounds: int = _size(3, 1, "repetitions of what takes a minute or more")
    schools: int = _size(10, 2, "schools of the fetch")
    records: int = _size(20_000, 500, "records of each of them")
    page_size: int = _size(1000, 100, "records a page")
    latency_milliseconds: int = _size(250, 20, "what a page takes where latency is measured")
    latency_pages: int = _size(60, 4, "full pages of each school where latency is measured")
    latency_small_pages: int = _size(160, 6, "the same for pages of 50 records")
    times_more: int = _size(10, 2, "how many times as many records for the memory measure")
    partitions: int = _size(1385, 30, "partitions that the loader finds")
    objects: int = _size(100_000, 2000, "objects in them")
    table_rows: int = _size(10_000_000, 20_000, "rows that the table holds before the merge")
    batch_rows: int = _size(1_000_000, 2_000, "rows that are merged into it, 2 %% of them updates")
    batch_days: int = _size(60, 4, "dates that these are about")
    install: int = _size(1, 0, "1: make the environment of a tool to compare with when it is missing")


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Give the parser a flag for each size, and --quick."""
    parser.add_argument("--quick", action="store_true", help="everything small: shows that it runs, no more")
    for size in fields(Sizes):
        about = f"{size.metadata['about']} (default {size.default}, quick {size.metadata['quick']})"
        parser.add_argument(f"--{size.name.replace('_', '-')}", type=int, metavar="N", help=about)


def chosen(arguments: argparse.Namespace) -> Sizes:
    """The sizes that the command line asks for."""
    quick = {size.name: size.metadata["quick"] for size in fields(Sizes)} if arguments.quick else {}
    given = {size.name: getattr(arguments, size.name) for size in fields(Sizes)}
    return replace(Sizes(), **{**quick, **{name: size for name, size in given.items() if size is not None}})
