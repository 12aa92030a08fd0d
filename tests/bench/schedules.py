"""What an hour costs beside a night, on paper: requests, minutes, objects, scans, dollars.

Modified rows are taken to be spread evenly over the schools, the dates of the year and ten hours of a day.
A page is landed whole: the list of each date that it mentions is looked at, whichever of its records is new.
Spectrum opens every object of a partition that it scans, whichever of its schools changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.model import (
    DAYS,
    DOLLARS_A_BYTE_SCANNED,
    DOLLARS_A_GET,
    DOLLARS_A_PUT_OR_LIST,
    KEYS_A_LIST,
    LOADER_LISTS,
    PAGE_SECONDS,
    PAGES,
    RECORD_BYTES,
    RECORDS,
    SCHOOLS,
    SNAPSHOT_SECONDS,
    fetch_seconds,
    pages_a_night,
)
from tests.bench.table import show

SHARES = (0.001, 0.01, 0.05)  # of a year's rows that are modified in a day
HOURS = 10  # of a day in which somebody modifies rows
MARGIN_HOURS = 0.25  # more than asked for is read
RECENT_DAYS = 3
MODIFIED_HOURS = 2
DATE_RECORDS = PAGES * RECORDS / DAYS  # of a school and date
AT_ONCE = (8, 16)


@dataclass(frozen=True)
class Run:
    """One fetch and the load after it: pages asked for, lists read, lists written, partitions loaded."""

    name: str
    pages: int
    looked_at: float
    written: float
    partitions: float

    @property
    def puts_and_lists(self) -> float:
        """To S3: lists and run records written, and the landing zone listed by both scripts."""
        whole = math.ceil(SCHOOLS * DAYS / KEYS_A_LIST)
        listings = math.ceil(fetch_seconds(self.pages, PAGE_SECONDS, max(AT_ONCE)) / SNAPSHOT_SECONDS)
        return self.written + 2 + whole * (listings + LOADER_LISTS) + 2  # quarantine and run records

    @property
    def spectrum_gets(self) -> float:
        """Objects that Spectrum opens: all of each partition that is loaded."""
        return self.partitions * SCHOOLS

    @property
    def scanned_bytes(self) -> float:
        """What Spectrum reads."""
        return self.spectrum_gets * DATE_RECORDS * RECORD_BYTES

    @property
    def dollars(self) -> float:
        """For requests to S3 and for scans."""
        gets = (self.looked_at + self.spectrum_gets) * DOLLARS_A_GET
        scans = self.scanned_bytes * DOLLARS_A_BYTE_SCANNED
        return self.puts_and_lists * DOLLARS_A_PUT_OR_LIST + gets + scans


def touched(rows: float, places: int) -> float:
    """How many of so many places are expected to hold one of the rows that are spread over them."""
    return places * (1 - math.pow(1 - 1 / places, rows))


def night(share: float) -> Run:
    """All is read."""
    rows = PAGES * RECORDS * share  # of a school
    written = SCHOOLS * touched(rows, DAYS)
    return Run(
        "a night of everything", pages_a_night(SCHOOLS), written, written, touched(rows * SCHOOLS, DAYS)
    )


def recent_hour() -> Run:
    """`--days 3` on a day of school after two others: each school's lists of these dates have changed."""
    pages = math.ceil(RECENT_DAYS * DATE_RECORDS / RECORDS) + 1  # the last page shows that the source sorts
    written = SCHOOLS * RECENT_DAYS
    looked_at = SCHOOLS * (RECENT_DAYS + 2)  # the pages end in a fourth date; the last one has the oldest
    return Run(f"an hour of --days {RECENT_DAYS}", SCHOOLS * pages, looked_at, written, RECENT_DAYS)


def modified_hour(share: float) -> Run:
    """`--modified-hours 2`, every hour: what changed since the run before is written."""
    an_hour = PAGES * RECORDS * share / HOURS  # rows of a school
    read = an_hour * (MODIFIED_HOURS + MARGIN_HOURS)
    pages = math.ceil((read + 1) / RECORDS) + 1  # down to an older record, and the last page
    return Run(
        f"an hour of --modified-hours {MODIFIED_HOURS}",
        SCHOOLS * pages,
        SCHOOLS * touched(pages * RECORDS, DAYS),
        SCHOOLS * touched(an_hour, DAYS),
        touched(an_hour * SCHOOLS, DAYS),
    )


def lines() -> Iterator[tuple[str, ...]]:
    """One line for each share of modified rows and each kind of run."""
    for share in SHARES:
        everything = night(share)
        for run in (everything, recent_hour(), modified_hour(share)):
            minutes = " / ".join(f"{fetch_seconds(run.pages, PAGE_SECONDS, n) / 60:.0f}" for n in AT_ONCE)
            yield (
                f"{share:.1%}",
                run.name,
                f"{run.pages:,} ({run.pages / everything.pages:.1%})",
                minutes,
                f"{run.puts_and_lists + run.looked_at + run.spectrum_gets:,.0f}",
                f"{run.partitions:.0f} ({run.scanned_bytes / 1e9:.2f} GB)",
                f"{run.dollars:.3f}",
            )


def tell() -> None:
    """Print the comparison."""
    title = (
        f"A night and an hour: {SCHOOLS} schools, {SCHOOLS * PAGES * RECORDS / 1e6:.1f} million rows, "
        f"{PAGE_SECONDS:.0f} s a page, {AT_ONCE[0]} and {AT_ONCE[1]} requests at a time"
    )
    at_once = f"minutes, {AT_ONCE[0]} / {AT_ONCE[1]} at a time"
    head = ("modified a day", "run", "pages", at_once, "S3 requests", "partitions scanned", "$")
    show(title, head, lines())
