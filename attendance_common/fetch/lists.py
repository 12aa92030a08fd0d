"""The list of one school on one date: its Parquet, and how a reading changes it. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import polars as pl

from attendance_common.columns import COLUMNS
from attendance_common.fetch.page import SCHEMA
from attendance_common.numerals import number

_REQUIRED = tuple(column.name for column in COLUMNS if column.required)
SCHOOL_YEARS = "school_years"  # footer key: the school years under which the records were read, "54,55"
RUN = "run"  # footer key of a tombstone: the run that wrote it


def md5(body: bytes) -> str:
    """The MD5 of a body. S3 gives it as the ETag of an object without a KMS key (API: Object, ETag)."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def parquet(rows: pl.DataFrame, years: Collection[int], **footer: str) -> bytes:
    """Rows as Parquet that Spectrum reads: format v1, plain or dictionary encoding, snappy."""
    if years:
        footer[SCHOOL_YEARS] = ",".join(map(str, sorted(years)))
    body = io.BytesIO()
    rows.rechunk().write_parquet(body, compression="snappy", statistics=True, metadata=footer or None)
    return body.getvalue()


def tombstone(school_id: int, years: Collection[int], run: str) -> bytes:
    """The list that replaces one whose last record was removed: one row, all NULL but `school_id`."""
    rows = pl.DataFrame({"school_id": [school_id]}, schema={"school_id": pl.Int64})
    return parquet(_as_declared(rows), years, **{RUN: run})


def _as_declared(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the columns of SCHEMA, followed by columns that only a later version of the fetcher has.

    A column that an older version did not land is NULL.
    """
    lacking = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in rows.columns]
    later = [name for name in rows.columns if name not in SCHEMA]
    return rows.with_columns(lacking).select(*SCHEMA, *later)


class NoList(ValueError):
    """The object is no list of the fetcher; the text says why."""


@dataclass(frozen=True)
class LandedList:
    """A list as it is in the landing zone. `years`: the school years under which its records were read."""

    etag: str
    rows: pl.DataFrame
    years: frozenset[int] = frozenset()
    content_md5: str | None = None

    def has_body(self, body: bytes) -> bool:
        """Whether the landed object has this body. With a KMS key, its ETag is no MD5 (API: Object, ETag)."""
        return md5(body) in (self.etag, self.content_md5)


def landed_list(body: bytes, etag: str, content_md5: str | None) -> LandedList:
    """Decode an object as a list; a tombstone becomes a list of no rows. Raises NoList."""
    if content_md5 not in (None, md5(body)):
        raise NoList("its bytes are not those that the fetcher wrote")
    rows = _decoded(body)
    _check_columns(rows)
    rows = _as_declared(rows)
    if _is_tombstone(rows):
        return LandedList(etag, rows.clear(), frozenset(), content_md5)
    _check_ids(rows["id"])
    named = pl.read_parquet_metadata(io.BytesIO(body)).get(SCHOOL_YEARS, "") if rows.height else ""
    years = frozenset(year for text in named.split(",") if (year := number(text)) is not None)
    return LandedList(etag, rows, years, content_md5)


def _is_tombstone(rows: pl.DataFrame) -> bool:
    """Whether it is one row in which every column but `school_id` is NULL."""
    others = rows.columns.copy()
    others.remove("school_id")
    return rows.height == 1 and all(rows[name].null_count() == 1 for name in others)


def _decoded(body: bytes) -> pl.DataFrame:
    try:
        return pl.read_parquet(io.BytesIO(body))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise NoList("it is no Parquet") from error


def _check_columns(rows: pl.DataFrame) -> None:
    for name in _REQUIRED:
        if name not in rows.columns:
            raise NoList(f"it has no column {name}")
    for name, kind in SCHEMA.items():
        if rows.schema.get(name, kind) != kind:
            raise NoList(f"its column {name} is of another type")


def _check_ids(ids: pl.Series) -> None:
    if ids.null_count():
        raise NoList("it has rows without an id")
    if ids.n_unique() != ids.len():
        raise NoList("it has an id twice")


def check_place(rows: pl.DataFrame, day: dt.date, school_id: int) -> None:
    """Raise NoList when a row is of another date or school than the list's name says."""
    if not (rows["date"] == f"{day:%m-%d-}{day.year:04d}").fill_null(value=False).all():
        raise NoList("it has rows of another date")
    if not (rows["school_id"] == school_id).fill_null(value=False).all():
        raise NoList("it has rows of another school")


def put_in(landed: pl.DataFrame, read: pl.DataFrame) -> pl.DataFrame:
    """The rows that were read, and the landed rows of other ids; sorted by id."""
    others = landed.join(read.select("id"), on="id", how="anti")
    return pl.concat([others, read], how="diagonal").sort("id") if others.height else read


def merge(landed: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Both sets of rows: the newer version of each id, or the landed one of two equals; sorted by id."""
    both = pl.concat([rows, landed], how="diagonal")
    by_age = both.sort("modified_on", nulls_last=False, maintain_order=True)
    return by_age.unique("id", keep="last", maintain_order=True).sort("id")


def take_out(landed: pl.DataFrame, ids: Collection[int]) -> pl.DataFrame:
    """The landed rows that do not have these ids."""
    return landed.filter(~pl.col("id").is_in(list(ids)))


@dataclass(frozen=True)
class ReadRecords:
    """The records of a reading: `places` (id, day) of those to land, `rejected` ids of the others.

    `is_proved`: it has every record of its school year. Then it replaces a list that cannot be read.
    """

    places: pl.DataFrame
    rejected: Collection[int] = ()
    is_proved: bool = False

    def on(self, days: Collection[dt.date]) -> list[int]:
        """The ids of the records to land on some dates."""
        chosen = pl.Series(sorted(days), dtype=pl.Date)
        return self.places.filter(pl.col("day").is_in(chosen.implode()))["id"].to_list()


@dataclass(frozen=True)
class Comparison:
    """Ids of landed records that a reading has under another date (`moved`), or does not have (`missing`)."""

    moved: list[int] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)


def compare(landed: pl.DataFrame, day: dt.date, read: ReadRecords) -> Comparison:
    """Compare the landed list of a date with a reading: which records moved, and which are missing."""
    found = landed.select("id").join(read.places, on="id", how="left", maintain_order="left")
    moved = found.filter(pl.col("day") != day)["id"].to_list()
    lacking = found.filter(pl.col("day").is_null())["id"].to_list()
    rejected = set(read.rejected)
    return Comparison(moved, [each for each in lacking if each not in rejected])


# --- how a reading changes a school's lists ---------------------------------------------------------------


@dataclass(frozen=True)
class ListChange:
    """How a reading changes one list: which of its landed records moved to another date or are missing.

    `landed`: how many records it had before this reading. `years`: their school years. If another process has
    written the list since the snapshot, no record counts as moved or missing.
    """

    landed: int
    years: frozenset[int]
    compared: Comparison = Comparison()


@dataclass
class SchoolPlan:
    """How a reading changes the lists of its school, by date.

    `unlanded`: ids of records that were not landed, since their list cannot be read.
    """

    changes: dict[dt.date, ListChange] = field(default_factory=dict)
    unlanded: Collection[int] = ()

    @property
    def departures(self) -> Mapping[dt.date, list[int]]:
        """Records that are landed under another date now, by the old date: to be removed from its list."""
        waiting = set(self.unlanded)
        moved = {
            day: [each for each in change.compared.moved if each not in waiting]
            for day, change in self.changes.items()
        }
        return {day: ids for day, ids in moved.items() if ids}

    @property
    def missing(self) -> Mapping[dt.date, list[int]]:
        """Landed records that the reading does not have, by date."""
        return {
            day: change.compared.missing for day, change in self.changes.items() if change.compared.missing
        }
