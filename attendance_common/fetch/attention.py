"""The fetcher's sentences for a person: what happened, where, and what to do. No student's data."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from attendance_common.conditions import ALL
from attendance_common.fetch.extra_fields import MOST_FIELDS
from attendance_common.numerals import counted, records

if TYPE_CHECKING:
    from attendance_common.fetch.school import School
    from attendance_common.fetch.school_list import SchoolList
    from attendance_common.fetch.school_lists import SchoolLists

NAMED_LISTS = 5  # at most so many lists are named in a sentence

# --- failures of the run: reported each time --------------------------------------------------------------


def failures(schools: Iterable[School]) -> list[str]:
    """A sentence for each school of which something could not be read in this run."""
    sentences = []
    for school in schools:
        if school.fault:
            sentences.append(
                f"school {school.school_id} was not read: {school.fault}; run again with "
                f"--school {school.school_id}"
            )
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


def list_gaps(listed: SchoolList) -> list[str]:
    """The sentence about pages of the list of schools that could not be read in this run."""
    if not listed.gaps:
        return []
    pages = "; ".join(f"page {page}: {why}" for page, why in listed.gaps.items())
    sentence = f"ESD's list of schools was read with a gap ({pages})"
    return [f"{sentence}: the schools on these pages were not read; run again"]


def odd_objects(schools: Iterable[School], place: str) -> list[str]:
    """A sentence for each school with lists, or a file in quarantine, that cannot be read.

    `place`: the s3:// URL of the landing zone.
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
        if school.tally.quarantined.fault:
            odd = len(school.tally.quarantined.reasons)
            cannot = counted(odd, "record that cannot be landed was", "records that cannot be landed were")
            lost = f", and {cannot} not added to it" if odd else ""
            sentences.append(f"{where}: {school.tally.quarantined.fault}{lost}; then run again")
    return sentences


def unreadable_lists(schools: Iterable[SchoolLists], place: str) -> str:
    """The words about lists that cannot be read: which, why, the consequence, and the cure."""
    named = ", ".join(_listed(lists, lists.unreadable) for lists in schools if lists.unreadable)
    return (
        f"lists that cannot be read stay as they are, and what was read for them is not landed: {named}; "
        f"move these objects away from {place}"
    )


def _listed(lists: SchoolLists, faults: Mapping[dt.date, str]) -> str:
    """The first lists by name, each with its fault."""
    first = [f"{lists.name(day)} ({why})" for day, why in sorted(faults.items())[:NAMED_LISTS]]
    return ", ".join(first) + (f" and {len(faults) - NAMED_LISTS} more" if len(faults) > NAMED_LISTS else "")


def unsorted_source(
    schools: Collection[School], unread: int, since: dt.date | dt.datetime | None
) -> list[str]:
    """The sentence about a source that does not sort, and one for each school where it may not have sorted.

    `unread`: number of schools that were then not read. `since`: what was asked for; a time: --modified-hours
    asked for it.
    """
    by_time = isinstance(since, dt.datetime)
    instead = "with --days in place of --modified-hours" if by_time else "without --days and --since"
    cure = f"what is recent may lie on pages that were not read: run {instead}"
    sentences = [
        f"school {school.school_id}: the newest record that came is older than what is landed, and no answer "
        f"tells of a last page; {cure}"
        for school in schools
        if school.order.seems_older
    ]
    seen = next((school for school in schools if school.order.is_wrong), None)
    if seen:
        unread += sum(school.order.is_wrong and school.order.refusal is not None for school in schools)
        what = f"the source does not sort as asked (school {seen.school_id}){_unread(unread)}"
        how = ": it refuses a first page in this order, and gives the one sorted by date, oldest first"
        sentences.insert(0, f"{what}{how if seen.order.refusal else ''}; {cure}")
    return sentences


def _unread(schools: int) -> str:
    return f", {counted(schools, 'school was', 'schools were')} not read" if schools else ""


def another_landing_zone(place: str, last_place: str, began: str) -> str:
    """The sentence when no list was landed here before, and the last run landed elsewhere."""
    return (
        f"nothing was landed below {place} before this run, while the run of {began} landed below "
        f"{last_place}: check S3_PREFIX; if it was meant to change, drop the external table, and run the "
        "setup file with the new prefix"
    )


def with_counts(reasons: Counter[str], most: int | None = None) -> str:
    """Reasons with their counts, the most frequent first."""
    return ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common(most))


def quarantined(schools: Iterable[School], place: str) -> list[str]:
    """The sentence about records that are new in quarantine; `place`: the s3:// URL of the quarantine."""
    reasons = Counter(reason for school in schools for reason in school.tally.quarantined.new.values())
    if not reasons:
        return []
    new = counted(reasons.total(), "record is", "records are")
    them = "it" if reasons.total() == 1 else "them"
    cure = f"have {them} corrected at the source (--quarantine lists {them})"
    return [f"{new} new in quarantine, {place}: {with_counts(reasons, 3)}; {cure}"]


def left_out(fields: Counter[str]) -> str:
    """The log's sentence about new fields that did not fit; `fields`: field -> in how many records."""
    named = ", ".join(f"{name} ({records(count)})" for name, count in fields.most_common(MOST_FIELDS))
    more = f" and {len(fields) - MOST_FIELDS} more" if len(fields) > MOST_FIELDS else ""
    return f"new fields did not fit into extra_fields and were left out: {named}{more}; the rest is landed"


def braked(stopped: Mapping[int, str], schools: Mapping[int, School]) -> list[str]:
    """A sentence for each school whose removals were stopped, with the flag that allows them."""
    sentences = []
    for school, why in stopped.items():
        count = schools[school].waiting
        sentences.append(
            f"school {school}: {why}, and none does: check at the source that they are gone; if so, run with "
            f"--allow-removals {school}={count}"
        )
    return sentences


# --- conditions: reported when new, and again after a week; `Judged` adds since when ----------------------


def short(school: int, count: int | None, lacking: int) -> str:
    """About a school that sends fewer records than it counts, or repeats a page in place of others."""
    shortage = f"the source counts {records(count or 0)} and sends {(count or 0) - lacking}"
    if count is None:
        shortage = f"the source sends a page again in place of others, with at least {records(lacking)}"
    return f"school {school}: {shortage}: what came is landed; ask the source's operator for the others"


def short_list(listed: SchoolList) -> str:
    """About a list of schools that is shorter than its own count."""
    gap = f"ESD counts {counted(listed.count or 0, 'school', 'schools')} and lists {listed.listed}"
    if listed.missing_pages:
        gap = f"ESD tells of {listed.pages_counted} pages of schools and sends {listed.pages_came}"
    return f"{gap}: the others were not read; ask the source's operator for them"


def dark(school: int, year: int, newest: dt.date, removable: int) -> str:
    """About a school that had records and now lists none; `removable`: records that may be removed."""
    what = f"school {school} lists no record in school year {year}, while others do"
    return f"{what}; {_stays(school, newest, removable)}"


def unlisted(school: int, newest: dt.date, removable: int) -> str:
    """About a school that had records and is no longer in the list of schools."""
    return f"school {school} is no longer in ESD's list of schools; {_stays(school, newest, removable)}"


def _stays(school: int, newest: dt.date, removable: int) -> str:
    gone = (
        f"if they are to go, run with --allow-removals {school}={removable}"
        if removable
        else "none can leave by a run of this school year, since none was read under it alone"
    )
    return (
        f"its landed records, the newest of {newest}, stay: ask the source's operator; {gone}; if the school "
        f"is meant to have none, name it in ESD_SKIP_SCHOOLS"
    )


def empty_year(share: str, year: int, unread: int) -> str:
    """About a school year in which no school has a record; `unread`: schools that could not be read."""
    read = " that was read" if unread else ""
    return f"no school{_of(share)}{read} has a record in school year {year}: check ESD_SCHOOL_YEAR_ID"


def stale(share: str, year: int, newest: dt.date, today: dt.date, days: int) -> str:
    """About a newest record that is too old; `days`: how old it may be."""
    return (
        f"the newest record of all schools{_of(share)} in school year {year} is of {newest}, "
        f"{(today - newest).days} days ago: check ESD_SCHOOL_YEAR_ID, which is a new one each summer, and "
        f"whether attendance is still taken at the source; more than ESD_STALE_DAYS ({days}) are reported"
    )


def nothing_recent(share: str, year: int) -> str:
    """About a recent reading of all schools that brought no record at all, not even an old one."""
    return (
        f"no school{_of(share)} lists any record in school year {year}, not even an old one, though --days, "
        "--since or --modified-hours asks for the newest: check ESD_SCHOOL_YEAR_ID, and run once without "
        "these flags"
    )


def _of(share: str) -> str:
    return "" if share == ALL else f" of --shard {share}"
