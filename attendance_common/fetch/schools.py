"""The list of schools, as the ESD REST API gives it."""

from __future__ import annotations

from functools import partial

from attendance_common.config import FetcherSettings
from attendance_common.errors import SourceError
from attendance_common.fetch.api import EsdApi, TemporaryFault, patiently


def list_schools(api: EsdApi, settings: FetcherSettings) -> tuple[list[int], list[str]]:
    """The ids of all schools, and a sentence when some may be missing; an empty list is a fault."""
    schools: dict[int, None] = {}
    page, pages, count = 0, 1, None
    new = True
    while new and page < pages:
        page += 1
        found, pages, count = patiently(
            f"schools, page {page}", settings.attempts, partial(_schools, api, page)
        )
        new = not schools.keys() >= set(found)  # a list that never ends ends here
        schools.update(dict.fromkeys(found))
    if not schools:
        reason = "ESD lists no schools: check ESD_API_URL and the API client's rights"
        raise SourceError(reason, to_mend=True)
    return list(schools), _doubts(len(schools), count, ended=page >= pages)


def _doubts(listed: int, count: int | None, *, ended: bool) -> list[str]:
    if count is not None and listed < count:
        return [f"ESD counts {count} schools and lists {listed}: the others were not read"]
    if count is None and not ended:
        return [f"ESD's list of schools repeats itself: more than the {listed} on it were not read"]
    return []


def _schools(api: EsdApi, page: int) -> tuple[list[int], int, int | None]:
    """The ids on the page, and how many pages and schools there are."""
    answer = api.get("/v1/schools", {"pageSize": 1000, "page": page})
    if answer.status_code == 404:
        return [], page, None
    try:
        told = answer.json()
        paging = told.get("pagingInfo") or {}
        pages = int(paging.get("totalPages") or paging.get("pageCount") or 1)
        count = paging.get("totalCount")
        return (
            [int(school["id"]) for school in told["schools"]],
            pages,
            count if count is None else int(count),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TemporaryFault("an answer without a list of schools") from None
