"""Lists that are to be read and written again although their objects have not changed."""

from __future__ import annotations

from collections.abc import Collection

from attendance_common.load import list_sql as sql
from attendance_common.load.list_sql import FORGOTTEN, PLACES, S3, Statement
from attendance_common.load.plan import ListId
from attendance_common.load.settle_sql import forget_lists
from attendance_common.load.warehouse import Warehouse


def forget_rows(lists: Collection[ListId]) -> Statement:
    """Have each row of these lists written again; the rest of the hash still says which version it was."""
    pairs, values = sql.of_pairs(lists)
    return f"UPDATE {PLACES}\nSET hash = {FORGOTTEN}\nWHERE origin = {S3}\n    AND {pairs}", values


def reload(warehouse: Warehouse, lists: Collection[ListId]) -> None:
    """Make these lists, and each of their rows, count as changed: the next load writes them all again."""

    def work() -> None:
        warehouse.rows(*forget_lists(lists))
        warehouse.rows(*forget_rows(lists))

    if lists:
        warehouse.locked(work)
