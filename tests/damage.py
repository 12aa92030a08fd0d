"""Three loaded lists, and what somebody does to the table."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.lists import MONDAY, NEW, TABLE, TUESDAY, land, load, version
from tests.pipeline import Finished, Pipeline

FIVE, SIX, SEVEN, EIGHT = (version(key, f"said {key}", NEW) for key in (5, 6, 7, 8))
WHOLE = {
    5: ("said 5", MONDAY),
    6: ("said 6", MONDAY),
    7: ("said 7", TUESDAY),
    8: ("said 8", TUESDAY),
}


def three_lists(pipeline: Pipeline) -> Pipeline:
    """Three lists of two schools, loaded."""
    land(pipeline, MONDAY, FIVE, SIX)
    land(pipeline, TUESDAY, SEVEN)
    land(pipeline, TUESDAY, EIGHT, school=2)
    assert load(pipeline) == {"inserted": 4}
    return pipeline


def do(pipeline: Pipeline, *statements: str) -> None:
    for statement in statements:
        done = pipeline.psql("-c", statement)
        assert done.returncode == 0, done.stderr


def attention(done: Finished) -> str:
    """The one sentence of a run that ended with status 3."""
    assert done.status == 3, done.story
    [sentence] = done.result["attention"]
    assert isinstance(sentence, str)
    return sentence


def lineage(pipeline: Pipeline) -> list[dict[str, Any]]:
    return pipeline.query(f"SELECT id, source_file, loaded_at FROM {TABLE} ORDER BY id")


def twin(of: int, day: date | None = None, **fields: str) -> list[str]:
    """Statements that put a row into the table once more, on another date or with other fields."""
    changes = {"attendance_date": f"'{day}'"} if day else {}
    changes |= fields
    sets = ", ".join(f"{name} = {value}" for name, value in changes.items())
    return [
        f"CREATE TABLE public.twin AS SELECT * FROM {TABLE} WHERE id = {of}",
        *([f"UPDATE public.twin SET {sets}"] if sets else []),
        f"INSERT INTO {TABLE} SELECT * FROM public.twin",
        "DROP TABLE public.twin",
    ]
