"""The loader's statements for three lists, and which of them have golden files.

A golden file holds a statement with which the table is written or compared: with an error in it the table is
wrong, or is not seen to be. What the others do is tested by what comes of them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from attendance_common import load
from attendance_common.columns import NATIVE_COLUMNS, Column, Kind
from attendance_common.landing import Areas
from attendance_common.load import (
    backfill_sql,
    departures,
    external,
    history_sql,
    list_sql,
    merge_sql,
    old_table_sql,
    quality_sql,
    reload,
    repair,
    settle_sql,
    table_check,
)
from attendance_common.load.list_sql import Statement
from attendance_common.load.old_table import Form, OldTable, TableName
from attendance_common.load.plan import ListId

FOLDER = Path(__file__).parent


def _form_of(column: Column) -> Form:
    """What a column of a warehouse's own type is read as."""
    forms = {Kind.BIGINT: Form.INTEGER, Kind.BOOLEAN: Form.BOOLEAN, Kind.DATE: Form.DATE}
    return {**forms, Kind.TIMESTAMP: Form.TIME}.get(column.kind, Form.TEXT)


DAYS = [dt.date(2026, 1, 5), dt.date(2025, 12, 9), dt.date(2025, 12, 10)]
BOUNDS = min(DAYS), max(DAYS)
LISTS = [ListId(DAYS[0], 12549), ListId(DAYS[1], 12549), ListId(DAYS[1], 12550)]
# An older table as a warehouse keeps it, and one of texts that does not say whose rows they are.
_NAME = TableName("public", "old_attendance")
TYPED = OldTable(
    _NAME,
    {
        **{str(each.api_name): _form_of(each) for each in NATIVE_COLUMNS if each.api_name},
        "meetingtime": Form.SUPER,
    },
)
PLAIN = OldTable(_NAME, dict.fromkeys(TYPED.forms.keys() - {"schoolid"}, Form.TEXT), 12549)
AREAS = Areas("edna-prod", "landing/unnested_period_attendance/")
# The modules of merge, backfill, repair and comparison.
_WITH_FILES = (
    *("backfill_sql", "departures", "history_sql", "list_sql", "merge_sql", "repair", "settle_sql"),
    *("table_check", "verify", "verify_backfill"),
)
_STATEMENT = re.compile(
    r"(SELECT|WITH|INSERT INTO|CREATE|DELETE FROM|DROP TABLE|LOCK TABLE|UPDATE|ALTER|MERGE|ANALYZE)\s[^{]*"
)


def _constants() -> Iterator[tuple[str, Statement]]:
    """Every public constant that is a whole statement. Those of `probes` have known values in them."""
    for module in iter_modules(load.__path__):
        for constant, text in vars(import_module(f"{load.__name__}.{module.name}")).items():
            public = constant.isupper() and constant[0] != "_" and module.name != "probes"
            if public and isinstance(text, str) and _STATEMENT.fullmatch(text):
                yield f"{module.name}.{constant.lower()}", (text, ())


def statements() -> dict[str, Statement]:
    """Module and name -> text and values."""
    built: dict[str, Statement] = {
        "external.register": external.register(DAYS, AREAS)[0],
        "list_sql.read": list_sql.read(LISTS),
        "merge_sql.stage": merge_sql.stage(LISTS),
        "merge_sql.stage_more": merge_sql.stage_more(LISTS),
        "merge_sql.unstage": merge_sql.unstage(LISTS),
        "settle_sql.settle": settle_sql.settle(*BOUNDS),
        "settle_sql.settle_backfill": settle_sql.settle_backfill(*BOUNDS),
        "old_table_sql.dates": old_table_sql.dates(TYPED),
        "old_table_sql.read_typed": old_table_sql.read(TYPED, DAYS),
        "old_table_sql.read_plain": old_table_sql.read(PLAIN, DAYS),
        "backfill_sql.done_days": backfill_sql.done_days(TYPED.name),
        "backfill_sql.delete_lists": backfill_sql.delete_lists(TYPED.name),
        "backfill_sql.insert_lists": backfill_sql.insert_lists(TYPED.name, "RUN", *BOUNDS),
        "settle_sql.outside_batch": settle_sql.outside_batch(*BOUNDS),
        "settle_sql.keep_equal_rows": settle_sql.keep_equal_rows(*BOUNDS),
        "settle_sql.forget_lists": settle_sql.forget_lists(LISTS),
        "merge_sql.name_lists": merge_sql.name_lists([]),
        "merge_sql.name_lists_with_gone": merge_sql.name_lists(LISTS),
        "merge_sql.delete_former": merge_sql.delete_former(*BOUNDS),
        "merge_sql.delete_places": merge_sql.delete_places(*BOUNDS),
        "merge_sql.outcomes": merge_sql.outcomes(*BOUNDS),
        "departures.find": departures.find([12549, 12550]),
        "departures.find_all": departures.find([]),
        "departures.forget": departures.forget(LISTS),
        "history_sql.expire": history_sql.expire(dt.datetime(2025, 1, 9, 6)),
        "table_check.compare": table_check.compare(*BOUNDS, dt.datetime(2025, 1, 9, 6)),
        "history_sql.keep_replaced": history_sql.keep_replaced(*BOUNDS, "RUN"),
        "history_sql.keep_removed": history_sql.keep_removed(*BOUNDS, "RUN"),
        "quality_sql.find": quality_sql.find(DAYS),
        "reload.forget_rows": reload.forget_rows(LISTS),
        "repair.forget_lists": repair.forget_lists(DAYS),
        "repair.find_gone_lists": repair.find_gone_lists(DAYS),
        "repair.drop_places": repair.drop_places(DAYS, []),
        "repair.drop_places_but_gone": repair.drop_places(DAYS, LISTS),
        "repair.find_rows": repair.find_rows(DAYS),
        "repair.find_suspects": repair.find_suspects(DAYS),
        "repair.stage_suspects": repair.stage_suspects(LISTS),
        "repair.delete_rows": repair.delete_rows(DAYS),
    }
    return dict(sorted((dict(_constants()) | built).items()))


def golden() -> dict[str, Statement]:
    """Those that have files. A new public constant of their modules has to have its file."""
    return {
        name: (text, values)
        for name, (text, values) in statements().items()
        if name.partition(".")[0] in _WITH_FILES and not text.startswith("DROP TABLE")
    }


_PLACEHOLDER = "-- here stands the statement of {name}.sql"


def whole(statement: Statement) -> str:
    """A statement as a reader of a file sees it: the text, and the values that travel beside it."""
    text, values = statement
    comments = "".join(f"-- {value!s}\n" for value in values)
    return f"{text};\n{comments}"


def written(statement: Statement) -> str:
    """What its file holds: where the statement holds that of `list_sql.read`, the name of that file."""
    read, _ = list_sql.read(LISTS)
    text, values = statement
    if text != read:
        text = text.replace(read, _PLACEHOLDER.format(name="list_sql.read"))
    return whole((text, values))


def expanded(golden: str) -> str:
    """A file's text with the statement of the file that a line of it names."""

    def named(line: re.Match[str]) -> str:
        return (FOLDER / f"{line[1]}.sql").read_text(encoding="utf-8").partition(";\n-- ")[0]

    placeholder = _PLACEHOLDER.format(name=r"([a-z_.]+)")
    return re.sub(f"^{placeholder}(?=;?$)", named, golden, flags=re.MULTILINE)
