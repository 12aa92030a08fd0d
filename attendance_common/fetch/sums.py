"""What a fetch did: the sums over its schools, and what of it needs a person. No student's data."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attendance_common.conditions import ALL, Judged

if TYPE_CHECKING:
    from attendance_common.fetch.landing_zone import SchoolLists
    from attendance_common.fetch.school import School
    from attendance_common.fetch.school_list import SchoolList

SHORT, EMPTY_YEAR = "short", "empty year"  # conditions, see `conditions`
SHORT_LIST, ODD_ENTRY = "short list of schools", "odd entry"

_SUMS = (
    *("pages", "received", "landed", "repeats", "quarantined", "quarantined_new", "moved", "removed"),
    *("removals_waiting", "lists_written", "lists_unchanged", "lists_merged"),
)

_LISTS = 5  # that are named of a school
MOST_FIELDS = 10  # that are named: a source may give each record fields of its own

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


def odd_objects(schools: Iterable[School], place: str) -> list[str]:
    """A sentence for each school with lists, or a file in quarantine, that cannot be read.

    `place`: where the lists lie.
    """
    sentences = []
    for school in schools:
        lists, where = school.lists, f"school {school.school_id}"
        if lists.unreadable:
            sentences.append(f"{where}: {unreadable_lists([lists], place)}, then run again")
        if lists.replaced:
            sentences.append(
                f"{where}: lists that could not be read were replaced by what the source holds: "
                f"{_listed(lists, lists.replaced)}; find out who else writes below {place}"
            )
        if school.quarantine_fault:
            odd = len(school.tally.quarantined)
            lost = f", and {odd} records that cannot be landed were not added to it" if odd else ""
            sentences.append(f"{where}: {school.quarantine_fault}{lost}; then run again")
    return sentences


def unreadable_lists(schools: Iterable[SchoolLists], place: str) -> str:
    """What is said of lists that cannot be read: which, why, what of it, and the cure."""
    named = ", ".join(_listed(lists, lists.unreadable) for lists in schools if lists.unreadable)
    return (
        f"lists that cannot be read stay as they are, and what was read for them is not landed: {named}; "
        f"move these objects away from {place}"
    )


def _listed(lists: SchoolLists, faults: Mapping[dt.date, str]) -> str:
    """The first lists by name, each with its fault."""
    first = [f"{lists.name(day)} ({why})" for day, why in sorted(faults.items())[:_LISTS]]
    return ", ".join(first) + (f" and {len(faults) - _LISTS} more" if len(faults) > _LISTS else "")


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


def told(reasons: Counter[str], most: int | None = None) -> str:
    """Reasons with their counts, the most frequent first."""
    return ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(most))


def quarantined(schools: Iterable[School], place: str) -> list[str]:
    """The sentence about records that are new in quarantine; `place` is where they lie."""
    reasons = Counter(reason for school in schools for reason in school.tally.quarantined_new.values())
    if not reasons:
        return []
    what = f"{reasons.total()} records are new in quarantine, {place}: {told(reasons, 3)}"
    return [f"{what}; have them corrected at the source (--quarantine lists them)"]


def left_out(fields: Counter[str]) -> str:
    """What the log says of new fields that did not fit -> of how many received records."""
    named = ", ".join(f"{name} ({count} records)" for name, count in fields.most_common(MOST_FIELDS))
    more = f" and {len(fields) - MOST_FIELDS} more" if len(fields) > MOST_FIELDS else ""
    return f"new fields did not fit into extra_fields and were left out: {named}{more}; the rest is landed"


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


def list_gaps(listed: SchoolList) -> list[str]:
    """The sentence about pages of the list of schools that could not be had in this run."""
    if not listed.gaps:
        return []
    pages = "; ".join(f"page {page}: {why}" for page, why in listed.gaps.items())
    sentence = f"ESD's list of schools was read with a gap ({pages})"
    return [f"{sentence}: the schools on these pages were not read; run again"]


def judge_list(judged: Judged, listed: SchoolList) -> None:
    """Judge what the list of schools says of itself: its odd entries, and whether it is complete."""
    for entry, sentence in listed.odd.items():
        judged.note(ODD_ENTRY, entry, 1, sentence)
    if listed.gaps:
        return
    sentence = f"ESD counts {listed.count} schools and lists {listed.listed}"
    if listed.missing_pages:
        sentence = f"ESD tells of {listed.pages_told} pages of schools and sends {listed.pages_came}"
    missing = listed.missing_schools or listed.missing_pages
    cure = "the others were not read; ask the source's operator for them"
    judged.note(SHORT_LIST, ALL, missing, f"{sentence}: {cure}")


def judge_schools(judged: Judged, schools: Collection[School], year: int | None) -> None:
    """Judge what readings of all pages say of their schools."""
    received = sum(school.tally.received for school in schools)
    complete = [school for school in schools if school.short is not None]
    for school in complete:
        sentence = f"school {school.school_id}: {_shortage(school)}: what came is landed"
        cure = "ask the source's operator for the others"
        judged.note(SHORT, school.school_id, school.short or 0, f"{sentence}; {cure}")
    if year is not None and any(school.removals is not None for school in complete):  # whole readings
        sentence = f"no school has a record in school year {year}: check ESD_SCHOOL_YEAR_ID"
        judged.note(EMPTY_YEAR, ALL, int(not received), sentence)


def _shortage(school: School) -> str:
    count, short = school.tally.source_count, school.short or 0
    if count is None:
        return f"the source sends a page again in place of others, with at least {short} records"
    return f"the source counts {count} records and sends {count - short}"
