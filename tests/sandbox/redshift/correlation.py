"""Refuses the correlated subqueries that Redshift cannot plan (DG: r_correlated_subqueries)."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from .errors import RedshiftError, not_carried
from .functions import FUNCTIONS

REFUSAL = RedshiftError("0A000", "This type of correlated subquery pattern is not supported yet")


def check_correlations(tree: exp.Expr) -> None:
    """Raises 0A000 for a reference that skips a query block, or from a subquery with a window or in ON.

    Only columns with a table's name are checked: the table of the others is not known here.
    """
    for select in tree.find_all(exp.Select):
        for column in _own_columns(select):
            distance = _distance(select, column.table) if column.table else 0
            if distance > 1 or (distance == 1 and (_is_windowed(select) or _is_in_outer_on(select))):
                raise REFUSAL


def check_subqueries_in_aggregations(tree: exp.Expr) -> None:
    """Raises 0A000 for a scalar subquery among the projections of a query that aggregates.

    No source says whether Redshift can plan it. A query of its own can replace it.
    """
    for select in tree.find_all(exp.Select):
        subqueries = [each for each in _own(select, exp.Subquery) if _is_projected(each, select)]
        calls = (call for call in _own(select, exp.Anonymous) if call.find_ancestor(exp.Window) is None)
        aggregates = select.args.get("group") or any(map(_is_aggregate, calls))
        if subqueries and aggregates:
            raise not_carried("a scalar subquery in a query that aggregates")


def _is_aggregate(call: exp.Expr) -> bool:
    function = FUNCTIONS.get(call.name.lower())
    return function is not None and function.aggregate


def _own(select: exp.Select, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    return (node for node in select.find_all(kind) if node.find_ancestor(exp.Select) is select)


def _is_projected(node: exp.Expr, select: exp.Select) -> bool:
    while node.parent is not select and node.parent is not None:
        node = node.parent
    return bool(node.arg_key == "expressions")


def _own_columns(select: exp.Select) -> Iterator[exp.Column]:
    return (column for column in _own(select, exp.Column) if isinstance(column, exp.Column))


def _distance(select: exp.Select, table: str) -> int:
    """How many query blocks outside `select` the table is. 0 when it is in `select` or in no block."""
    block: exp.Expr | None = select
    steps = 0
    while isinstance(block, exp.Select):
        if table.lower() in _sources(block):
            return steps
        block = _enclosing(block)
        steps += 1
    return 0


def _enclosing(select: exp.Select) -> exp.Expr | None:
    """The query block around a subquery; None for a subquery in FROM, which sees no block around it."""
    parent = select.parent
    while isinstance(parent, (exp.Subquery, exp.SetOperation)):
        if isinstance(parent.parent, (exp.From, exp.Join)):
            return None
        parent = parent.parent
    if isinstance(parent, (exp.CTE, exp.From, exp.Join, exp.Insert, type(None))):
        return None
    return parent.find_ancestor(exp.Select)


def _sources(select: exp.Select) -> set[str]:
    nodes = [select.args.get("from_"), *(select.args.get("joins") or [])]
    return {node.this.alias_or_name.lower() for node in nodes if node is not None}


def _is_windowed(select: exp.Select) -> bool:
    return any(window.find_ancestor(exp.Select) is select for window in select.find_all(exp.Window))


def _is_in_outer_on(select: exp.Select) -> bool:
    join = select.find_ancestor(exp.Join, exp.Select)
    return isinstance(join, exp.Join) and bool(join.side)
