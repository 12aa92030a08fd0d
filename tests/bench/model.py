"""What a year costs in time and money, on paper: a small model, checked against a measured point.

The load is the one of the field reports: 89 schools, 200 pages of 1,000 records each, 7 seconds a page.
Prices are Amazon's list prices for us-east-1 (aws.amazon.com/s3/pricing, /redshift/pricing).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.table import show

SCHOOLS = 89
PAGES = 200  # of a school and year
RECORDS = 1000  # on a page
RECORD_BYTES = 50e9 / 189e6  # in Parquet: 189 million rows in about 50 GB
PAGE_SECONDS = 7.0
DAYS = 180  # of school in a year
CONFIRMED = 5  # pages read again of a school with a deletion: its date's, and one more on each side
DELETED = 1 / 3  # of the schools have a deletion in a night
SNAPSHOT_SECONDS = 300  # the fetcher lists the landing zone anew
LOADER_LISTS = 3  # of the landing zone in a load: before, after the reading, in the last transaction
START_SECONDS = 0.8  # of the process: until the first page is asked for, and after the last one

DOLLARS_A_PUT_OR_LIST = 0.005 / 1000
DOLLARS_A_GET = 0.0004 / 1000
DOLLARS_A_BYTE_SCANNED = 5 / 1e12
KEYS_A_LIST = 1000


def pages_a_night(schools: int) -> int:
    """Pages asked for: all, one behind the last of each school, and those of deletions again."""
    return schools * (PAGES + 1) + math.ceil(schools * DELETED) * CONFIRMED


def fetch_seconds(pages: int, page_seconds: float, at_once: int, shards: int = 1) -> float:
    """The time that reading the pages takes when the source is what one waits for."""
    return pages * page_seconds / (at_once * shards)


@dataclass(frozen=True)
class Night:
    """One night of `schools` schools: all is fetched and loaded, and what differs is written.

    `changed`: the share of the objects that differ; None where none is landed yet.
    """

    schools: int
    changed: float | None = None

    @property
    def objects(self) -> int:
        """In the landing zone: one for each school and date."""
        return self.schools * DAYS

    @property
    def written(self) -> int:
        """Objects written."""
        return self.objects if self.changed is None else math.ceil(self.objects * self.changed)

    @property
    def puts(self) -> int:
        """Each list that differs, and the record of either run."""
        return self.written + 2

    @property
    def lists(self) -> int:
        """The fetcher lists the landing zone every five minutes, and the quarantine once.

        The loader lists the landing zone before and after it reads.
        """
        whole = math.ceil(self.objects / KEYS_A_LIST)
        seconds = fetch_seconds(pages_a_night(self.schools), PAGE_SECONDS, 16)
        return whole * math.ceil(seconds / SNAPSHOT_SECONDS) + 1 + LOADER_LISTS * whole

    @property
    def gets(self) -> int:
        """A look at each list that differs, and at those of deletions again; Spectrum reads all, once each.

        Every partition is loaded: 81 % of the records are modified after their date, no date stays as it is.
        """
        again = math.ceil(self.schools * DELETED) * CONFIRMED
        looks = 0 if self.changed is None else self.written + again
        return looks + self.objects

    @property
    def scanned_bytes(self) -> float:
        """What Spectrum reads: the partitions that changed, once."""
        return self.schools * PAGES * RECORDS * RECORD_BYTES

    @property
    def requests(self) -> int:
        """To S3, in all."""
        return self.puts + self.lists + self.gets

    @property
    def dollars(self) -> tuple[float, float]:
        """For the requests to S3, and for what Spectrum scans."""
        puts_and_lists = (self.puts + self.lists) * DOLLARS_A_PUT_OR_LIST
        return puts_and_lists + self.gets * DOLLARS_A_GET, self.scanned_bytes * DOLLARS_A_BYTE_SCANNED


def hours() -> Iterator[tuple[str, ...]]:
    """Hours of a year's fetch: requests at a time, by number of shards."""
    for at_once in (1, 4, 8, 16, 32, 64):
        pages = pages_a_night(SCHOOLS)
        cells = (fetch_seconds(pages, PAGE_SECONDS, at_once, shards) for shards in (1, 2, 4, 8))
        yield str(at_once), *(f"{cell / 3600:.1f}" for cell in cells)


def growth() -> Iterator[tuple[str, ...]]:
    """The same for more schools, and what a first fetch and load and then each night cost."""
    for schools in (SCHOOLS, 250, 500, 1000):
        pages = schools * PAGES
        asked = pages_a_night(schools)
        alone, shared = (fetch_seconds(asked, PAGE_SECONDS, 16, shards) for shards in (1, 4))
        first, night = Night(schools), Night(schools, changed=0.2)
        yield (
            f"{schools:,}",
            f"{pages * RECORDS / 1e6:.1f}",
            f"{first.objects:,}",
            f"{alone / 3600:.1f}",
            f"{shared / 3600:.1f}",
            f"{first.requests:,} ({first.dollars[0]:.2f} $)",
            f"{night.requests:,} ({night.dollars[0]:.2f} $)",
            f"{first.scanned_bytes / 1e9:.1f} GB ({first.dollars[1]:.2f} $)",
        )


def tell() -> None:
    """Print the model."""
    title = (
        f"Hours of a year's fetch ({SCHOOLS} schools x {PAGES} pages x {PAGE_SECONDS:.0f} s), by requests at "
        "a time (ESD_CONCURRENCY) and shards (--shard i/n)"
    )
    show(title, ("at a time", "1 shard", "2 shards", "4 shards", "8 shards"), hours())
    title = (
        f"Growth: {PAGES * RECORDS:,} records a school and year, on {DAYS} dates; 16 requests at a time; a "
        "night in which one object in five has changed, on every date"
    )
    head = ("schools", "million rows", "objects", "hours", "with 4 shards")
    cost = ("S3 requests, first", "S3 requests, each night", "Spectrum scans, each")
    show(title, (*head, *cost), growth())
