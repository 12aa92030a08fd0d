"""One school's list for a date: its Parquet, and what becomes of it beside the object that is landed."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from attendance_common.fetch.completeness import SchoolReading

log = logging.getLogger("attendance")


def md5(body: bytes) -> str:
    """What S3 gives as the ETag of an object that was put whole and not under a KMS key (API: Object)."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def time_of(reading: SchoolReading) -> str:
    """When a reading began, as metadata tells it: the later one is the greater text."""
    return reading.begun.isoformat(timespec="microseconds")


def parquet(rows: pl.DataFrame, footer: dict[str, str] | None = None) -> bytes:
    """Rows as the Parquet that Spectrum is known to read: format v1, plain or dictionary encoded, snappy."""
    body = io.BytesIO()
    rows.write_parquet(body, compression="snappy", statistics=False, metadata=footer)
    return body.getvalue()


def newest_of(landed: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    """Both lists in one, sorted by id, no id twice: the newest version, of equals the one that is landed."""
    together = pl.concat([more, landed], how="diagonal_relaxed").select(more.columns)
    by_age = together.sort("modified_on", nulls_last=False, maintain_order=True)
    return by_age.unique("id", keep="last", maintain_order=True).sort("id")


def keep(rows: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    """The list, and landed rows that it must not lose; sorted by id."""
    lost = kept.filter(~pl.col("id").is_in(rows["id"].to_list()))
    return newest_of(lost, rows) if lost.height else rows


def without(landed: pl.DataFrame, moved: pl.DataFrame, read_at: str) -> tuple[bytes, dict[str, str]] | None:
    """An object's body and metadata without the records that moved; None when it holds none of them.

    One that would hold nothing becomes a tombstone: one row, NULL but for the school. That Spectrum reads
    Parquet without rows is not confirmed. Its footer names the reading: no two tombstones are alike.
    """
    rest = landed.join(moved, on="id", how="anti", maintain_order="left")
    if rest.height == landed.height:
        return None
    body = parquet(rest) if rest.height else parquet(_tombstone(landed), {"run": read_at})
    return body, {"content-md5": md5(body), "read-at": read_at}


def _tombstone(landed: pl.DataFrame) -> pl.DataFrame:
    return landed.head(1).select(
        pl.col(name) if name == "school_id" else pl.lit(None, dtype).alias(name)
        for name, dtype in landed.schema.items()
    )


@dataclass(frozen=True)
class Landed:
    """An object as it is in the landing zone: its name, ETag, metadata and body."""

    name: str
    etag: str
    told: dict[str, str]
    body: bytes

    @property
    def read_at(self) -> str:
        """When the reading began that wrote it."""
        return self.told.get("read-at", "")

    def holds(self, body: bytes) -> bool:
        """Whether this is its body; under a KMS key an ETag is no MD5 (API: Object, ETag)."""
        return md5(body) in (self.etag, self.told.get("content-md5"))

    def rows(self) -> pl.DataFrame | None:
        """Its rows; None where it has none: a tombstone, or no Parquet with records."""
        try:
            rows = pl.read_parquet(io.BytesIO(self.body)).cast({"id": pl.Int64})
        except pl.exceptions.PolarsError:
            log.warning("%s was no Parquet with records: it is written anew", self.name)
            return None
        return None if rows.height == 1 and rows.item(0, "id") is None else rows


@dataclass(frozen=True)
class Change:
    """A list that is to be written where an object with this ETag is, or none (None).

    `takes`: the dates where the records now stand that leave it; those that are gone have none.
    """

    name: str
    replaces: str | None
    body: bytes
    takes: frozenset[dt.date] = frozenset()


def next_wave(waiting: Mapping[dt.date, Change]) -> Mapping[dt.date, Change]:
    """The lists that no record leaves for one that still waits, lest it be nowhere; all, in a circle."""
    free = {day: change for day, change in waiting.items() if not change.takes & waiting.keys()}
    return free or waiting


# What became of a list: superseded, a later reading wrote it; doubted, it is as it was (the reading is in
# doubt); overtaken, another fetcher wrote it meanwhile; left, by records that moved.
Became = Literal["written", "unchanged", "superseded", "doubted", "overtaken", "left"]


def over(there: Landed, rows: pl.DataFrame, body: bytes, reading: SchoolReading) -> Became | Change:
    """What became of a list (its rows, and as Parquet) where an object is, or how it is to be changed."""
    takes: frozenset[dt.date] = frozenset()
    if not there.holds(body):
        if there.read_at > time_of(reading):
            return "superseded"
        landed = there.rows()
        if landed is not None:
            whole = keep(rows, reading.kept(landed))
            gone = landed.join(whole, on="id", how="anti")
            body = parquet(whole)
            takes = frozenset(reading.places().join(gone, on="id", how="semi")["day"])
    if there.holds(body):  # its PUT's answer was lost, if it is this reading's
        return "written" if there.read_at == time_of(reading) else "unchanged"
    return Change(there.name, there.etag, body, takes)
