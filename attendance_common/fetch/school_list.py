"""The list of schools, put together from its pages, with the entries that cannot be used. Pure."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from attendance_common.fetch.totals import Paging, greater, read_paging

_NUMBER = re.compile("[0-9]{1,19}")
_GREATEST = 2**63 - 1  # greatest value of a BIGINT column
_PLAIN = re.compile("[A-Za-z0-9._-]{1,40}")  # an id that may be quoted in a sentence


@dataclass(frozen=True)
class SchoolPage:
    """One page of the list: its decoded entries, in which whole numbers stay text."""

    entries: list[Any]
    paging: Paging


def read_school_page(body: bytes) -> SchoolPage:
    """Decode one answer: an object with `schools`, or a bare list; raises ValueError for anything else."""
    text = body.decode(json.detect_encoding(body), errors="replace")
    try:
        answer = json.loads(text, strict=False, parse_int=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if isinstance(answer, list):
        return SchoolPage(answer, Paging())
    schools = answer.get("schools", "none") if isinstance(answer, dict) else "none"
    if schools is not None and not isinstance(schools, list):
        raise ValueError("no list of schools")
    return SchoolPage(schools or [], read_paging(answer.get("pagingInfo")))


@dataclass
class SchoolList:
    """The schools on the pages that were added.

    `asked_as`: a school's number -> its id as the API writes it (`0125`); requests use this id.
    `odd`: an entry that cannot be used, by its id or its place -> a sentence. `odd_kinds`: why -> how many.
    """

    asked_as: dict[int, str] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    odd_kinds: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)  # page that could not be read -> why
    count: int | None = None  # the most schools that any answer counted
    pages_counted: int | None = None  # the most pages that any answer stated
    listed: int = 0  # entries on all pages but repeated ones; a repeated entry counts
    _pages: set[tuple[str, ...]] = field(default_factory=set)  # the ids on each page that came
    _seen: set[str] = field(default_factory=set)  # ids, as JSON

    def add(self, page: SchoolPage) -> bool:
        """Add a page; returns whether it has an entry that no earlier page had.

        A page with the same ids as an earlier one is not counted: the source ignores the page number.
        """
        self.count = greater(self.count, page.paging.count)
        self.pages_counted = greater(self.pages_counted, page.paging.pages)
        ids = tuple(map(_id_text, page.entries))
        if ids in self._pages:
            return False
        self._pages.add(ids)
        for entry in page.entries:
            self.listed += 1
            self._take(entry)
        fresh = not self._seen.issuperset(ids)
        self._seen.update(ids)
        return fresh

    def _take(self, entry: Any) -> None:
        written = _written(entry)
        number = school_number(written)
        if written is None or number is None:
            kind = _fault(entry)
            self._note(written, kind, f"{kind}; have it corrected at the source")
        elif self.asked_as.setdefault(number, written) != written:
            other = f"it is school {number} once more, which another entry writes {self.asked_as[number]!r}"
            why = f"{other}; ask the source's operator which of the two is right"
            self._note(written, "another entry has the same number", why)

    def _note(self, written: str | None, kind: str, why: str) -> None:
        """Record why the newest entry cannot be used. Its id is quoted only if it is plain."""
        place = f"entry {self.listed}"
        plain = written if written and _PLAIN.fullmatch(written) else None
        named = f"{place} ({plain!r})" if plain else place
        if (plain or place) not in self.odd:
            self.odd_kinds[kind] += 1
        self.odd.setdefault(plain or place, f"{named} of ESD's list of schools was not read: {why}")

    @property
    def gaps(self) -> dict[int, str]:
        """Pages that are missing -> why; those behind the stated last one only if schools are missing."""
        if self.pages_counted is None or self.missing_schools:
            return self.failed
        return {page: why for page, why in self.failed.items() if page <= self.pages_counted}

    @property
    def pages_came(self) -> int:
        """The number of pages that came, without repeated ones."""
        return len(self._pages)

    @property
    def missing_schools(self) -> int:
        """How many entries fewer came than the source counts schools."""
        return max(0, (self.count or 0) - self.listed)

    @property
    def missing_pages(self) -> int:
        """How many pages fewer came than the source states; 0 when it counts the schools."""
        return max(0, (self.pages_counted or 0) - self.pages_came) if self.count is None else 0


def school_number(written: str | None) -> int | None:
    """The number of an id such as `125`, `0125` or ` 125`; None when it is no number of a school."""
    text = (written or "").strip()
    return int(text) if _NUMBER.fullmatch(text) and int(text) <= _GREATEST else None


def _written(entry: Any) -> str | None:
    """The id as the API writes it; None when it is neither text nor a whole number."""
    written = entry.get("id") if isinstance(entry, dict) else None
    return written if isinstance(written, str) else None


def _fault(entry: Any) -> str:
    if not isinstance(entry, dict):
        return "it is no object"
    return "it has no id" if entry.get("id") is None else "its id is no number that a school can have"


def _id_text(entry: Any) -> str:
    return json.dumps(entry.get("id") if isinstance(entry, dict) else entry)
