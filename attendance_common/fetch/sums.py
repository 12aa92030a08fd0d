"""What a fetch did: the sums over its schools, and what of it needs a person. No student's data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attendance_common.conditions import ALL, Judged

if TYPE_CHECKING:
    from attendance_common.fetch.school import School

SHORT, EMPTY_YEAR = "short", "empty year"  # conditions, see `conditions`

_SUMS = (
    *("pages", "received", "landed", "repeats", "quarantined", "quarantined_new", "moved", "removed"),
    *("removals_waiting", "lists_written", "lists_unchanged", "lists_merged"),
)

Numbers = Mapping[int, Mapping[str, Any]]  # school -> see School.numbers


def counts(schools: Numbers) -> dict[str, Any]:
    """The run's sums over its schools, those that could not be read included."""
    dates = [about["newest_date"] for about in schools.values() if about["newest_date"]]
    return {
        "schools": len(schools),
        "schools_failed": sum("fault" in about for about in schools.values()),
        **{key: sum(about[key] for about in schools.values()) for key in _SUMS},
        "newest_date": max(dates, default=None),
    }


def failures(schools: Iterable[School]) -> list[str]:
    """A sentence for each school of which something could not be read in this run."""
    sentences = []
    for school in schools:
        if school.fault:
            sentences.append(f"school {school.school_id} was not read: {school.fault}; run again")
        if school.gaps and not school.fault:
            pages = "; ".join(
                why if why.startswith(f"page {page}:") else f"page {page}: {why}"
                for page, why in school.gaps.items()
            )
            sentences.append(
                f"school {school.school_id} was read with a gap ({pages}): what was read is landed, nothing "
                f"was removed; run again with --school {school.school_id}"
            )
    return sentences


def unsorted_source(schools: Iterable[School], unread: int) -> list[str]:
    """The sentence about a source that does not sort, and one for each school that only seems so.

    `unread`: schools that were not asked for any more.
    """
    cure = "what is recent may lie on pages that were not read: run without --days, --since, --modified-hours"
    sentences = [
        f"school {school.school_id}: the newest record that came is older than what is landed, and no answer "
        f"tells of a last page; {cure}"
        for school in schools
        if school.seems_older
    ]
    seen = [school.school_id for school in schools if school.unsorted]
    if seen:
        sentences.insert(
            0, f"the source does not sort as asked (school {seen[0]}), {unread} schools were not read; {cure}"
        )
    return sentences


def quarantined(schools: Iterable[School], place: str) -> list[str]:
    """The sentence about records that are new in quarantine; `place` is where they lie."""
    reasons = Counter(reason for school in schools for reason in school.tally.quarantined_new.values())
    if not reasons:
        return []
    most = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(3))
    what = f"{reasons.total()} records are new in quarantine, {place}: {most}"
    return [f"{what}; have them corrected at the source (--quarantine lists them)"]


def braked(stopped: Mapping[int, str], schools: Mapping[int, School]) -> list[str]:
    """A sentence for each school whose records may not leave, with the flag that lets them."""
    sentences = []
    for school, why in stopped.items():
        count = schools[school].waiting
        sentences.append(
            f"school {school}: {why}, and none does: check at the source that they are gone; if so, run with "
            f"--allow-removals {school}={count}"
        )
    return sentences


def judge_schools(judged: Judged, schools: Collection[School], year: int | None) -> None:
    """Judge what whole readings say of their schools."""
    received = sum(school.tally.received for school in schools)
    whole = [school for school in schools if school.short is not None]
    for school in whole:
        came, count = (school.tally.source_count or 0) - (school.short or 0), school.tally.source_count
        judged.note(
            SHORT,
            school.school_id,
            school.short or 0,
            f"school {school.school_id}: the source counts {count} records and sends {came}: what came is "
            "landed; ask the source's operator for the others",
        )
    if year is not None and whole:
        sentence = f"no school has a record in school year {year}: check ESD_SCHOOL_YEAR_ID"
        judged.note(EMPTY_YEAR, ALL, int(not received), sentence)
