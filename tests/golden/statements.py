"""The loader's statements for three partitions, by the names of their golden files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from attendance_common.landing import Areas
from attendance_common.load import merge_sql
from attendance_common.load.merge_sql import Statement

FOLDER = Path(__file__).parent
DAYS = [dt.date(2026, 1, 5), dt.date(2025, 12, 9), dt.date(2025, 12, 10)]
AREAS = Areas("edna-prod", "landing/unnested_period_attendance/")
_VERBS = (
    "SELECT",
    "WITH",
    "INSERT",
    "CREATE",
    "DELETE",
    "DROP",
    "LOCK",
    "UPDATE",
    "ALTER",
    "MERGE",
    "ANALYZE",
)


def statements() -> dict[str, Statement]:
    """Name -> text and values. A new constant or function of merge_sql has to have its file."""
    constants = {
        name.lower(): (text, ())
        for name, text in vars(merge_sql).items()
        if name.isupper() and name[0] != "_" and isinstance(text, str) and text.startswith(_VERBS)
    }
    constants["insert_loads"] = (merge_sql.INSERT_LOADS.replace("%s", merge_sql.INSERT_LOADS_ROW), ())
    built = {
        "register": merge_sql.register(DAYS, AREAS)[0],
        "read_incoming": merge_sql.read_incoming(DAYS),
        "find_lost": merge_sql.find_lost(DAYS),
        "read_elsewhere": merge_sql.read_elsewhere(DAYS),
        "classify": merge_sql.classify(DAYS),
        "delete_updated": merge_sql.delete_updated(DAYS),
        "delete_lost": merge_sql.delete_lost(DAYS),
        "check": merge_sql.check(DAYS),
        "forget_loads": merge_sql.forget_loads(DAYS),
    }
    return {**constants, **built}


def written(statement: Statement) -> str:
    """A statement as its file shows it: the text, and the values that travel beside it."""
    text, values = statement
    told = "".join(f"-- {value!s}\n" for value in values)
    return f"{text};\n{told}"
