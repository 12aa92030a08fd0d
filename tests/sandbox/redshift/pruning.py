"""Finds the conditions by which Spectrum prunes partitions.

Only plain conditions of WHERE count (DG: c-spectrum-external-performance): they name partition columns alone
and read no other table, and an outer join does not bring back a row that fails them.
"""

from __future__ import annotations

from sqlglot import exp


def conjuncts_on(table: exp.Table, columns: list[str]) -> list[exp.Expr]:
    """The conditions that every row of `table` must meet and that name these of its columns only."""
    select = table.find_ancestor(exp.Query)
    if not isinstance(select, exp.Select) or not _keeps_failures_out(select, table):
        return []
    where = select.args.get("where")
    if where is None:
        return []
    alone = not select.args.get("joins")
    alias = table.alias_or_name
    condition = where.this
    parts = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    return [part.copy() for part in parts if _is_about(part, alias, columns, alone=alone)]


def whole_numbers(conditions: list[exp.Expr]) -> dict[str, list[int]]:
    """Column -> the whole numbers that it may be, where a condition is `column IN (…)` with literals.

    Spectrum does not return other rows (DG: c-spectrum-external-performance).
    """
    found: dict[str, list[int]] = {}
    for condition in conditions:
        values = condition.expressions if isinstance(condition, exp.In) else []
        if isinstance(condition.this, exp.Column) and values and all(map(_is_whole_number, values)):
            found[condition.this.name] = [int(value.name) for value in values]
    return found


def _is_whole_number(value: exp.Expr) -> bool:
    return isinstance(value, exp.Literal) and value.is_int


def _keeps_failures_out(select: exp.Select, table: exp.Table) -> bool:
    joins = select.args.get("joins") or []
    if any(join.side in ("RIGHT", "FULL") for join in joins):
        return False
    source = select.args.get("from_")
    if source is not None and source.this is table:
        return True
    return any(join.this is table and join.side != "LEFT" for join in joins)


def _is_about(condition: exp.Expr, alias: str, columns: list[str], *, alone: bool) -> bool:
    if condition.find(exp.Query) is not None or condition.find(exp.Window) is not None:
        return False
    found = list(condition.find_all(exp.Column))
    return bool(found) and all(
        column.name in columns and (column.table == alias or (alone and not column.table)) for column in found
    )
