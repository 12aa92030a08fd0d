"""The state of the ESD API: schools, their records, and the source's own clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, timezone
from threading import RLock
from typing import NamedTuple

import orjson

from .order import by_id, by_modification
from .records import FIRST_DAY, Record, Row, make_rows, make_school, school_days, school_days_until

SCHOOL_YEAR_ID = 55
CORRECTIONS_GO_ON_FOR = timedelta(days=80)


class Memory(NamedTuple):
    """What a source held at some moment."""

    now: datetime
    schools: list[Record]
    rows: dict[int, list[Row]]
    other_years: dict[tuple[int, int], list[Row]]


class Source:
    """Schools and records, to be changed by tests at any time, from any thread.

    A record is kept as the JSON that is sent, so odd ones (without an id, with a broken date, twice) are kept
    as faithfully as good ones. `version` grows with every change.
    """

    def __init__(self, schools: Iterable[Record] = (), *, now: datetime | None = None) -> None:
        self.lock = RLock()
        self.version = 0
        self.now = now or datetime(2026, 3, 2, 6, 0, tzinfo=timezone.utc)
        self.schools: list[Record] = list(schools)
        self._rows: dict[int, list[Row]] = {}
        self._other_years: dict[tuple[int, int], list[Row]] = {}  # school year and school -> rows
        self._sorted: dict[tuple[int, str, str], tuple[int, list[Row]]] = {}  # with the version

    @classmethod
    def generate(
        cls,
        schools: int = 3,
        records: int = 2000,
        *,
        days: int = 60,
        first_day: date = FIRST_DAY,
        until: datetime | None = None,
        empty_schools: int = 1,
        seed: int = 1,
    ) -> Source:
        """Invent schools of `records` records each over `days` weekdays, and some without records.

        The days begin at `first_day`, and corrections go on long after them; or they end at `until`, which is
        the source's present.
        """
        calendar = school_days(days, first_day) if until is None else school_days_until(until.date(), days)
        now = until or datetime.combine(calendar[-1] + CORRECTIONS_GO_ON_FOR, time(6), timezone.utc)
        source = cls([make_school(index) for index in range(schools + empty_schools)], now=now)
        for index in range(schools):
            rows = sorted(make_rows(index, records, calendar, now, seed))
            source._rows[source.schools[index]["id"]] = rows
        return source

    @property
    def today(self) -> str:
        """The current day: the newest one that any record is about (YYYY-MM-DD)."""
        with self.lock:
            return max((rows[-1].day for rows in self._rows.values() if rows), default="")

    def records(self, school_id: int) -> list[Record]:
        """Give copies of a school's records, sorted by date as the API sorts."""
        with self.lock:
            return [orjson.loads(row.body) for row in self._rows.get(school_id, ())]

    def find(self, school_id: int, record_id: int) -> Record:
        """Give a copy of one record; KeyError when there is none."""
        return orjson.loads(self._row(school_id, record_id).body)  # type: ignore[no-any-return]

    def written(self, school_id: int) -> set[str]:
        """Say how the list of schools writes this number (`125`, `0125`); empty when it is not listed."""
        with self.lock:
            ids = [str(each["id"]) for each in self.schools if isinstance(each, dict) and "id" in each]
        return {text for text in ids if text.strip().isdecimal() and int(text) == school_id}

    def count(self) -> int:
        """Say how many records there are."""
        with self.lock:
            return sum(map(len, self._rows.values()))

    def bodies(self, school_id: int, order: str = "date", undated: str = "oldest") -> Sequence[Row]:
        """Give a school's rows sorted by `date` and id, by `modifiedOn`, or by id; not to be changed.

        `undated`: see `order.by_modification`.
        """
        with self.lock:
            rows = self._rows.get(school_id, [])
            if order == "date":
                return rows
            version, found = self._sorted.get((school_id, order, undated), (-1, []))
            if version != self.version:
                found = by_modification(rows, undated) if order == "modifiedOn" else by_id(rows)
                self._sorted[school_id, order, undated] = self.version, found
            return found

    def remember(self) -> Memory:
        """Give what `restore` needs; cheap, rows are shared."""
        with self.lock:
            rows = {school: list(rows) for school, rows in self._rows.items()}
            return Memory(self.now, list(self.schools), rows, dict(self._other_years))

    def restore(self, memory: Memory) -> None:
        """Let everything be as it was."""
        with self.lock:
            self.now, self.schools = memory.now, list(memory.schools)
            self._rows = {school: list(rows) for school, rows in memory.rows.items()}
            self._other_years = dict(memory.other_years)
            self.version += 1

    def set_records(self, school_id: int, records: Iterable[Record]) -> None:
        """Let a school have these records and no others; without any the API answers 404."""
        with self.lock:
            self._rows[school_id] = sorted(map(to_row, records))
            self.version += 1

    def set_other_year(self, school_year: int, school_id: int, records: Iterable[Record]) -> None:
        """Let a school have these records in another school year than the source's own."""
        with self.lock:
            self._other_years[school_year, school_id] = sorted(map(to_row, records))
            self.version += 1

    def other_year(self, school_year: int, school_id: int) -> Sequence[Row]:
        """Give a school's rows of another school year, sorted by date and id."""
        with self.lock:
            return self._other_years.get((school_year, school_id), [])

    def add(self, school_id: int, record: Record) -> None:
        """Add a record, be its id there already or not."""
        with self.lock:
            self._rows[school_id] = sorted([*self._rows.get(school_id, ()), to_row(record)])
            self.version += 1

    def put(self, school_id: int, records: Iterable[Record]) -> None:
        """Put records in the place of those with their ids, and add the rest."""
        new = [to_row(record) for record in records]
        ids = {row.id for row in new}
        with self.lock:
            kept = [row for row in self._rows.get(school_id, ()) if row.id not in ids]
            self._rows[school_id] = sorted(kept + new)
            self.version += 1

    def remove(self, school_id: int, record_id: int) -> Record:
        """Take a record away and give it back; KeyError when there is none."""
        with self.lock:
            gone = self._row(school_id, record_id)
            self._rows[school_id] = [row for row in self._rows[school_id] if row is not gone]
            self.version += 1
            return orjson.loads(gone.body)  # type: ignore[no-any-return]

    def _row(self, school_id: int, record_id: int) -> Row:
        with self.lock:
            for row in self._rows.get(school_id, ()):
                if row.id == record_id:
                    return row
        raise KeyError((school_id, record_id))


def to_row(record: Record) -> Row:
    """Encode a record and find out what it is sorted by, whatever is wrong with it."""
    day, record_id = record.get("date"), record.get("id")
    return Row(
        f"{day[6:10]}-{day[:5]}" if isinstance(day, str) and day else "",
        record_id if isinstance(record_id, int) else 0,
        orjson.dumps(record),
    )
