"""Adds up the counts of the schools of a fetch. No student's data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SUMS = (
    *("pages", "received", "landed", "repeats", "quarantined", "quarantined_new", "moved", "removed"),
    *("removals_waiting", "lists_written", "lists_unchanged", "lists_merged"),
)

Numbers = Mapping[int, Mapping[str, Any]]  # school -> its counts, by School.numbers


def counts(schools: Numbers) -> dict[str, Any]:
    """The sums of a run over all its schools, including those that could not be read."""
    dates = [about["newest_date"] for about in schools.values() if about["newest_date"]]
    undated = [about["undated"] for about in schools.values() if "undated" in about]
    return {
        "schools": len(schools),
        "schools_failed": sum("fault" in about for about in schools.values()),
        **{key: sum(about[key] for about in schools.values()) for key in _SUMS},
        **({"undated": sum(undated)} if undated else {}),
        "newest_date": max(dates, default=None),
    }
