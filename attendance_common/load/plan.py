"""What lies in the landing zone: each partition with a fingerprint of its objects, and what is to be done."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from attendance_common.landing import Areas, is_list, partition_of

_HIDDEN_STARTS = (".", "_", "#")  # Spectrum passes these over (DG: c-spectrum-external-tables)


@dataclass
class Partition:
    """A partition's objects, in the order of their keys; equal fingerprints mean equal objects."""

    objects: int = 0
    written: dt.datetime | None = None  # the youngest of them
    _hash: Any = field(default_factory=hashlib.sha256)

    def add(self, entry: Mapping[str, Any], name: str) -> None:
        """Take in the next object, as S3 lists it; `name` below the prefix."""
        self.objects += 1
        self.written = max(self.written or entry["LastModified"], entry["LastModified"])
        self._hash.update(f"{name}\t{entry['ETag']}\t{entry['Size']}\n".encode())

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits."""
        return str(self._hash.hexdigest())

    def is_as(self, before: Partition) -> bool:
        """Whether no object was replaced since, not even by its own like."""
        return (self.fingerprint, self.written) == (before.fingerprint, before.written)


@dataclass
class Found:
    """Partitions by date, and how many objects lie where only partitions may be."""

    partitions: dict[dt.date, Partition] = field(default_factory=dict)
    strays: int = 0
    objects: int = 0


def survey(entries: Iterable[Mapping[str, Any]], prefix: str) -> Found:
    """Gather a listing (Key, ETag, Size, LastModified; in the order of the keys) into partitions."""
    found = Found()
    for entry in entries:
        name = entry["Key"][len(prefix) :]
        if hidden(name):
            continue
        day = partition_of(name)
        if day is None or not is_list(name):
            found.strays += 1
        if day is not None:
            found.objects += 1
            found.partitions.setdefault(day, Partition()).add(entry, name)
    return found


def hidden(name: str) -> bool:
    """Whether Spectrum passes the object over."""
    last = name.rsplit("/", 1)[-1]
    return last == "" or last.startswith(_HIDDEN_STARTS) or last.endswith("~")


def together(parts: Iterable[Found]) -> Found:
    """One survey of listings that share no partition."""
    whole = Found()
    for part in parts:
        whole.partitions.update(part.partitions)
        whole.strays += part.strays
        whole.objects += part.objects
    return whole


def to_register(found: Found, registered: Iterable[dt.date]) -> list[dt.date]:
    """Partitions that Spectrum does not know yet, oldest first."""
    return sorted(found.partitions.keys() - set(registered))


def to_load(found: Found, loaded: Mapping[dt.date, str]) -> list[dt.date]:
    """Partitions whose objects are not those that were last loaded, oldest first."""
    return sorted(day for day, held in found.partitions.items() if loaded.get(day) != held.fingerprint)


def unsettled(
    listed: Iterable[Mapping[str, Any]], prefix: str, loaded: Mapping[dt.date, str], batch: Iterable[dt.date]
) -> set[dt.date]:
    """Partitions of a listing that are still to be loaded and are not of the batch.

    The listing is to be of this moment: other loaders load what a run's survey did not see.
    """
    return set(to_load(survey(listed, prefix), loaded)) - set(batch)


def landed_at(
    listed: Iterable[Mapping[str, Any]], areas: Areas, wanted: Iterable[str], but: Container[dt.date]
) -> list[tuple[str, dt.datetime]]:
    """When each of the wanted objects (s3:// URLs) was written, in UTC.

    One that is gone is left out, and so is one in the partitions `but`: it is to win no tie.
    """
    start = f"s3://{areas.bucket}/"
    keys = {name.removeprefix(start) for name in wanted}
    return [
        (start + entry["Key"], entry["LastModified"].astimezone(dt.timezone.utc).replace(tzinfo=None))
        for entry in listed
        if entry["Key"] in keys and partition_of(entry["Key"][len(areas.landing) :]) not in but
    ]


def batches(days: Sequence[dt.date], most: int) -> list[Sequence[dt.date]]:
    """The partitions in groups of up to `most`, each loaded in one transaction."""
    return [days[start : start + most] for start in range(0, len(days), most)]
