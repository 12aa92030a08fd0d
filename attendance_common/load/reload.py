"""Lists that are to be read and written again although their objects have not changed."""

from __future__ import annotations

from collections.abc import Collection

from attendance_common.load import list_sql as sql
from attendance_common.load.list_sql import FORGOTTEN, PLACES, S3, Statement
from attendance_common.load.plan import ListId
from attendance_common.load.settle_sql import forget_lists
from attendance_common.load.warehouse import Warehouse


def forget_rows(lists: Collection[ListId]) -> Statement:
    """Let each row of these lists be written again; which version it was stays known."""
    pairs, values = sql.of_pairs(lists)
    return f"UPDATE {PLACES}\nSET hash = {FORGOTTEN}\nWHERE origin = {S3}\n    AND {pairs}", values


def reload(warehouse: Warehouse, lists: Collection[ListId]) -> None:
    """Let these lists count as changed, and each of their rows: the next load of them writes all anew."""

    def work() -> None:
        warehouse.rows(*forget_lists(lists))
        warehouse.rows(*forget_rows(lists))

    if lists:
        warehouse.locked(work)
