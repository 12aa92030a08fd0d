"""Reads the list of schools from the ESD REST API."""

from __future__ import annotations

from functools import partial

from attendance_common.config import FetcherSettings
from attendance_common.errors import SourceError
from attendance_common.fetch.answers import NO_RECORDS, PAGE_CURE, described
from attendance_common.fetch.api import EsdApi
from attendance_common.fetch.faults import TemporaryFault
from attendance_common.fetch.retries import patiently
from attendance_common.fetch.school_list import SchoolList, SchoolPage, read_school_page

_IDLE_PAGES = 2  # so many in a row without a new school: the list has ended, or the source ignores `page`
_REFUSALS = (400, 416)  # for a page behind the end of the list; for the first page: of the request


def list_schools(api: EsdApi, settings: FetcherSettings) -> SchoolList:
    """Read the list until two pages in a row bring no new school, whatever length it states.

    Raises SourceError when the first page cannot be read, or when no entry can be used.
    """
    listed = SchoolList()
    page = idle = 0
    while idle < _IDLE_PAGES:
        page += 1
        ask = partial(_school_page, api, settings.page_size, page)
        try:
            came = patiently(f"schools, page {page}", settings.attempts, ask)
        except SourceError as error:
            if page == 1:
                raise
            listed.failed[page] = error.reason
            idle += 1
            continue
        if came is None:
            break
        idle = 0 if listed.add(came) else idle + 1
    if not listed.asked_as:
        raise _no_schools(listed)
    return listed


def _no_schools(listed: SchoolList) -> SourceError:
    sentence = "ESD lists no schools: check ESD_API_URL and the API client's rights"
    if listed.odd:
        sentence = f"ESD lists no schools that can be read: {next(iter(listed.odd.values()))}"
    return SourceError(sentence, to_mend=True)


def _school_page(api: EsdApi, page_size: int, page: int) -> SchoolPage | None:
    """Fetch one page of the list; None when the source says that it does not exist."""
    answer = api.get("/v1/schools", {"pageSize": page_size, "page": page}, accepted=_REFUSALS)
    if answer.status_code in _REFUSALS and page == 1:
        sentence = f"ESD refuses the list of schools with {described(answer)}"
        raise SourceError(f"{sentence}: check ESD_API_URL and ESD_PAGE_SIZE", to_mend=True)
    if answer.status_code in (NO_RECORDS, *_REFUSALS):
        return None
    try:
        return read_school_page(answer.content)
    except ValueError:
        raise TemporaryFault(f"{described(answer)}, but no list of schools", cure=PAGE_CURE) from None
