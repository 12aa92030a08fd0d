"""What a fetch did: the sums over its schools. No student's data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SUMS = (
    *("pages", "received", "landed", "repeats", "quarantined", "quarantined_new", "moved", "removed"),
    *("removals_waiting", "lists_written", "lists_unchanged", "lists_merged"),
)

_LISTS = 5  # that are named of a school

Numbers = Mapping[int, Mapping[str, Any]]  # school -> see School.numbers


def counts(schools: Numbers) -> dict[str, Any]:
    """The run's sums over its schools, those that could not be read included."""
    dates = [about["newest_date"] for about in schools.values() if about["newest_date"]]
    undated = [about["undated"] for about in schools.values() if "undated" in about]
    return {
        "schools": len(schools),
        "schools_failed": sum("fault" in about for about in schools.values()),
        **{key: sum(about[key] for about in schools.values()) for key in _SUMS},
        **({"undated": sum(undated)} if undated else {}),
        "newest_date": max(dates, default=None),
    }
