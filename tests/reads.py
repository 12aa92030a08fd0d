"""Which lists a load asks Spectrum for: the predicates of its statements, evaluated by another SQL engine."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from tests.pipeline import Pipeline

_PREDICATE = re.compile(r"FROM esd_spectrum\.period_attendance\s+WHERE (.*?)\) AS typed", re.DOTALL)


@contextmanager
def reads(pipeline: Pipeline) -> Iterator[list[set[tuple[date, int]]]]:
    """Gives, at the end, the lists that each statement asked for, of those that lie in the landing zone."""
    predicates: list[str] = []

    def note(sql: str) -> None:
        predicates.extend(_PREDICATE.findall(sql))

    found: list[set[tuple[date, int]]] = []
    with pipeline.before_each_statement(note):
        yield found
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE list (date, school_id, year, month, day)")
    lists = [(str(day), school, day.year, day.month, day.day) for day, school in pipeline.bucket.landed()]
    database.executemany("INSERT INTO list VALUES (?, ?, ?, ?, ?)", lists)
    for predicate in predicates:
        rows = database.execute(f"SELECT date, school_id FROM list WHERE {predicate}")
        found.append({(date.fromisoformat(day), school) for day, school in rows})
