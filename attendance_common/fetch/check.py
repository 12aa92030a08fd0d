"""The checks of the fetcher's `--check`: what it needs of AWS and ESD, and what this source can do."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from attendance_common import aws, landing
from attendance_common.check import SEND_IT, Checks, Differs, NotTried
from attendance_common.check_aws import check_aws
from attendance_common.check_report import reported
from attendance_common.command import Outcome
from attendance_common.config import FetcherSettings
from attendance_common.errors import SourceError, causes
from attendance_common.fetch import attention
from attendance_common.fetch.api import SECRET_KEYS, EsdApi
from attendance_common.fetch.faults import NoAnswerInTime
from attendance_common.fetch.packed_pages import PackedPage
from attendance_common.fetch.readers import Task, fetch_page
from attendance_common.fetch.reading import Reading, recent_reading, whole_reading
from attendance_common.fetch.retries import patiently
from attendance_common.fetch.school_list import SchoolList
from attendance_common.fetch.schools import list_schools
from attendance_common.fetch.sorting import does_sort, shows_order
from attendance_common.numerals import counted

T = TypeVar("T")

# Timeout of pages that show what the source can do. For what a fetch needs, a check waits as a fetch does.
SECONDS = 15
FEW, LARGE = 100, 5000  # page sizes: to see the order of records; to see whether large pages are faster
# Order -> the flags that need it, and a time that no record has reached: then the last page is read, too.
ORDERS: dict[str, tuple[str, dt.date]] = {
    "date": ("--days, --since", dt.date.max),
    "modifiedOn": ("--modified-hours", dt.datetime.max),
}
SCHOOLS_TRIED = 5  # at most, until one has records or SECONDS have passed


@dataclass(frozen=True)
class Source:
    """The API, the settings for its requests, and each school's id as the API writes it."""

    api: EsdApi
    settings: FetcherSettings
    asked_as: Mapping[int, str]

    def page(self, reading: Reading, number: int) -> PackedPage:
        """Fetch a page of the reading, and add it to the reading."""
        settings = replace(self.settings, page_size=reading.progress.page_size)
        page = fetch_page(self.api, settings, self.asked_as, Task(reading, reading.progress.ask(number)))
        reading.add(number, page)
        return page

    def in_haste(self) -> Source:
        """The same source, asked with a timeout of SECONDS at most."""
        settings = replace(self.settings, timeout=min(self.settings.timeout, SECONDS))
        return replace(self, api=self.api.with_timeout(settings), settings=settings)


@dataclass(frozen=True)
class FirstPage:
    """The first page of a school, and the seconds that it took."""

    school: int
    size: int
    page: PackedPage
    seconds: float

    def __str__(self) -> str:
        count = self.page.paging.count
        counted = "nothing is counted" if count is None else f"{count:,} are counted"
        return f"school {self.school}, {self.page.received:,} records in {self.seconds:.1f} s, {counted}"


def check(settings: FetcherSettings, report: str | None) -> Outcome:
    """Try everything that a fetch needs; raises AttendanceError when a check finds a fault.

    `report`: the file that the results are written to; None: no file.
    """
    checks = Checks()
    with reported(checks, report):
        _try_everything(checks, settings)
    return checks.conclude()


def _try_everything(checks: Checks, settings: FetcherSettings) -> None:
    areas = landing.Areas(settings.bucket, settings.prefix)
    used = [areas.landing, areas.quarantine, f"{areas.runs}fetch/"]
    known = check_aws(checks, settings, areas, read=used, written=used)
    year = settings.school_year_id
    asked = "not set (ESD_SCHOOL_YEAR_ID): the API answers for today only" if year is None else f"{year}"
    checks.add_fact("school year", asked)
    if known is None:
        checks.skip("ESD", "its secret cannot be read")
    else:
        _check_source(checks, replace(settings, attempts=1))


def _check_source(checks: Checks, settings: FetcherSettings) -> None:
    keys = ", ".join(SECRET_KEYS)
    api = checks.attempt(f"secret {settings.secret_id}", lambda: _api(settings), lambda _: f"has {keys}")
    if api is None:
        checks.skip("ESD", "its secret is not as it should be")
        return
    sign_in = partial(patiently, "the token", settings.attempts, api.sign_in)
    life = checks.attempt("token", sign_in, lambda seconds: f"is renewed after {seconds:.0f} seconds")
    if life is None:
        checks.skip("schools", "there is no token")
        return
    listed = checks.attempt("schools", lambda: list_schools(api, settings), _describe_list)
    if listed is not None:
        check_pages(checks, Source(api, settings, listed.asked_as))


def _api(settings: FetcherSettings) -> EsdApi:
    """A client of the API, with the values of the secret."""
    return EsdApi(settings, aws.read_secret(settings, settings.secret_id, "ESD_SECRET_ID", SECRET_KEYS))


def _describe_list(listed: SchoolList) -> str:
    """How many schools are listed. Raises SourceError for a gap, Differs for what else a fetch reports."""
    seen = f"{len(listed.asked_as)} are listed"
    if listed.gaps:
        raise SourceError("; ".join([seen, *attention.list_gaps(listed)]))
    faults = []
    if listed.odd:
        entries = f"{counted(len(listed.odd), 'entry', 'entries')} of ESD's list of schools cannot be used"
        kinds = attention.with_counts(listed.odd_kinds)
        faults.append(f"{entries}: {kinds}; have this corrected at the source")
    if listed.missing_schools or listed.missing_pages:
        faults.append(attention.short_list(listed))
    if faults:
        raise Differs("; ".join([seen, *faults]))
    return seen


def check_pages(checks: Checks, source: Source) -> None:
    """Check that a page with records can be read and landed, and what the source can do."""
    size = source.settings.page_size
    what = f"a page of {size:,}"
    first = checks.attempt(what, lambda: _first_with_records(source, size), _describe_page)
    large = [f"a page of {LARGE:,}"] if size < LARGE else []
    if first is None:
        for missing in (*map(_sorted_by, ORDERS), *large):
            checks.skip(missing, "no page with records came")
        return
    _check_orders(checks, source, first.school)
    for what in large:
        checks.attempt(what, partial(_compare, source, first), str)


def _describe_page(first: FirstPage) -> str:
    """What came. Raises Differs when some of the records cannot be landed, SourceError when none can."""
    rejections = first.page.rejections
    if not rejections:
        return str(first)
    kinds = attention.with_counts(Counter(each.reason for each in rejections), 3)
    seen = f"{first}; {len(rejections)} of them cannot be landed: {kinds}"
    if len(rejections) == first.page.received:
        raise SourceError(f"{seen}; do not schedule the fetch; {SEND_IT}", to_mend=True)
    raise Differs(f"{seen}; a fetch puts them into quarantine: have them corrected at the source")


def _check_orders(checks: Checks, source: Source, school: int) -> None:
    """Check which flags can be used. Both orders are tried in parallel, since a page can take long."""
    with ThreadPoolExecutor(len(ORDERS)) as threads:
        looks = {
            field: threads.submit(_in_time, source, partial(_use_of, school=school, flags=flags, since=since))
            for field, (flags, since) in ORDERS.items()
        }
        for field, look in looks.items():
            checks.attempt(_sorted_by(field), look.result, str)


def _sorted_by(field: str) -> str:
    """The check of an order."""
    return f"sorted by {field}"


def _first_with_records(source: Source, size: int) -> FirstPage:
    """The first page of the first school that has records; raises NotTried when none of those tried has."""
    end = time.monotonic() + SECONDS
    tried: list[int] = []
    for school in list(source.asked_as)[:SCHOOLS_TRIED]:
        tried.append(school)
        first = _first_page(source, school, size)
        if first.page.received:
            return first
        if time.monotonic() > end:
            break
    year = source.settings.school_year_id
    schools = counted(len(tried), "school was tried, and has", "schools were tried, and have")
    raise NotTried(
        f"{schools} no record {'of today' if year is None else f'in school year {year}'}: check "
        "ESD_SCHOOL_YEAR_ID; before the school year begins, nothing is to be done"
    )


def _first_page(source: Source, school: int, size: int) -> FirstPage:
    begun = time.monotonic()
    page = source.page(whole_reading(school, size), 1)
    return FirstPage(school, size, page, time.monotonic() - begun)


def _in_time(source: Source, look: Callable[[Source], T]) -> T:
    """What `look` finds; raises NotTried for a page that takes longer than SECONDS and that a fetch awaits.

    Otherwise it raises what `look` raises.
    """
    hasty = source.in_haste()
    try:
        return look(hasty)
    except SourceError as error:
        waits = source.settings.timeout
        if waits > hasty.settings.timeout and any(isinstance(each, NoAnswerInTime) for each in causes(error)):
            sentence = f"a page took longer than the {SECONDS} s of a check; a fetch waits ESD_TIMEOUT"
            raise NotTried(f"{sentence} ({waits} s)") from error
        raise


def _use_of(source: Source, school: int, flags: str, since: dt.date) -> str:
    """Whether the first and the last page are sorted with the newest record first, as the flags need.

    Raises NotTried when these pages do not show an order.
    """
    reading = recent_reading(school, FEW, since)
    source.page(reading, 1)
    if reading.progress.last_page > 1:
        source.page(reading, reading.progress.last_page)
    if not shows_order(reading):
        field = reading.course.sort_field
        raise NotTried(
            f"not known, since fewer than two different values of {field} came: {flags} may not be of use"
        )
    return f"yes: {flags} can be used" if does_sort(reading) else f"no: {flags} cannot be used"


def _compare(source: Source, first: FirstPage) -> str:
    """Whether large pages are faster. A source may refuse them, or send fewer records."""
    try:
        large = _in_time(source, partial(_first_page, school=first.school, size=LARGE))
    except SourceError:
        return "none came: leave ESD_PAGE_SIZE as it is"
    if large.page.received <= first.page.received:
        return f"{large.page.received:,} records came: leave ESD_PAGE_SIZE as it is"
    each = [1000 * page.seconds / page.page.received for page in (first, large)]
    better = "larger pages are faster: set ESD_PAGE_SIZE=5000" if each[1] < 0.9 * each[0] else "no faster"
    return f"{large.seconds:.1f} s; {each[1]:.1f} s a thousand records, before {each[0]:.1f}: {better}"
