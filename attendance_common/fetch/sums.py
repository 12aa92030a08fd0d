"""What a fetch did: its schools' numbers, their sums, and what of them needs a person. No student's data."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attendance_common.fetch.lists import Became

PARTS = ("landed", "quarantined", "repeats", "older")  # of the records received
_SUMS = ("pages", "received", *PARTS)
_OBJECTS = ("written", "unchanged", "superseded", "left")

Schools = Mapping[int, Mapping[str, Any]]  # id -> what became of it: a `fault`, or the number of each part


def counts(schools: Schools) -> dict[str, Any]:
    """The run's sums over its schools, those that could not be read included."""
    told = schools.values()
    objects: Counter[str] = sum((Counter(about.get("objects")) for about in told), Counter())
    return {
        "schools": len(schools),
        "schools_failed": len(_faults(schools)),
        **{key: sum(about.get(key, 0) or 0 for about in told) for key in _SUMS},
        **{f"objects_{became}": objects[became] for became in _OBJECTS},
    }


def attention(schools: Schools, run: str, quarantine: str) -> list[str]:
    """A sentence for each thing that needs a person; `quarantine` is where it lies."""
    sentences = [f"school {school} was not read: {fault}" for school, fault in _faults(schools).items()]
    sentences += [
        f"school {school}: its records do not add up, see the run record {run}"
        for school, about in schools.items()
        if not about.get("fault") and about["received"] != sum(about[part] for part in PARTS)
    ]
    reasons: Counter[str] = sum((Counter(about.get("quarantine")) for about in schools.values()), Counter())
    if reasons:
        most = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
        sentences.append(f"{reasons.total()} records are in quarantine, {quarantine}: {most}")
    return sentences


def by_both(first: Mapping[dt.date, Became], second: Mapping[dt.date, Became]) -> dict[dt.date, Became]:
    """What became of each date's list by two readings, one word each: what was changed stays so."""
    changed = ("written", "left")
    stays = {day: was for day, was in first.items() if was in changed and second.get(day) not in changed}
    return {**first, **second, **stays}


def _faults(schools: Schools) -> dict[int, str]:
    return {school: about["fault"] for school, about in schools.items() if about.get("fault")}
