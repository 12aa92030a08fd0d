"""Checks a statement against the allow-list: what is not known to be Redshift's is refused, never passed on.

Sources: DG r_SELECT_synopsis, r_INSERT_30, r_DELETE, r_UPDATE, c_unsupported-postgresql-features,
c_unsupported-postgresql-functions, c_unsupported-postgresql-datatypes, r_pg_keywords.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from .correlation import check_correlations, check_subqueries_in_aggregations
from .errors import RedshiftError, not_carried, not_supported, syntax_error
from .functions import FUNCTIONS, UNCARRIED_FUNCTIONS
from .keywords import RESERVED
from .nodes import NAMED, NODES, TYPES, UNCARRIED

TIMES = frozenset({"TIME", "TIMESTAMP", "TIMESTAMPTZ"})
# DEFAULT is a value of INSERT and UPDATE, OID a column of the catalogs.
ALLOWED_BARE = frozenset({"default", "oid"})
HIDDEN_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})
RANKING = frozenset(["row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead"])


def check(tree: exp.Expr) -> None:
    """Raises Redshift's error for the first node of the tree that it does not have."""
    for node in tree.walk():
        _check_node(node)
        if further := FURTHER.get(type(node)):
            further(node)
    check_correlations(tree)
    check_subqueries_in_aggregations(tree)


def _check_node(node: exp.Expr) -> None:
    if refusal := _refusal_by_name(node):
        raise refusal
    if (allowed := NODES.get(type(node).__name__)) is None:
        raise not_supported(f"{node.key.upper()}")
    for part, value in node.args.items():
        if part not in allowed and value not in (None, False, [], ""):
            raise _part_refusal(node, part, value)


def _refusal_by_name(node: exp.Expr) -> RedshiftError | None:
    kind = type(node).__name__
    if what := NAMED.get(kind):
        return not_supported(what)
    return not_carried(UNCARRIED[kind]) if kind in UNCARRIED else None


def _part_refusal(node: exp.Expr, part: str, value: object) -> RedshiftError:
    if isinstance(value, list) and value and isinstance(value[0], exp.Expr):
        value = value[0]
    if isinstance(value, exp.Expr) and (refusal := _refusal_by_name(value)):
        return refusal
    if part == "on" and isinstance(node, exp.Distinct):
        return not_supported("DISTINCT ON")
    if part == "with_":
        return syntax_error("WITH")
    return not_supported(f"{part.strip('_').replace('_', ' ').upper()} in {node.key.upper()}")


def _check_function(call: exp.Anonymous) -> None:
    name = call.name.lower()
    count = len(call.expressions)
    function = FUNCTIONS.get(name)
    if name in UNCARRIED_FUNCTIONS:
        raise not_carried(f"{name.upper()}()")
    if function is None or count not in function.arity:
        arguments = ", ".join(["unknown"] * count)
        raise RedshiftError("42883", f"function {name}({arguments}) does not exist")
    if isinstance(call.parent, exp.Dot):
        raise not_carried("a function of a schema")


def check_type(node: exp.DataType) -> None:
    """0A000 or 42704 for a type that Redshift has no column or cast for."""
    name = node.this.name if isinstance(node.this, exp.DType) else str(node.this)
    if name in TIMES and node.expressions:
        raise syntax_error("(")
    if name == "DECIMAL" and node.expressions and int(node.expressions[0].name) > 38:
        raise RedshiftError("22023", "DECIMAL precision must be between 1 and 38")
    if name not in TYPES or node.args.get("nested"):
        raise RedshiftError("42704", f'type "{node.sql("postgres").lower()}" does not exist')


def _check_identifier(node: exp.Identifier) -> None:
    if not node.args.get("quoted") and node.name.lower() in RESERVED - ALLOWED_BARE:
        raise syntax_error(node.name)


def _check_values(node: exp.Values) -> None:
    if not isinstance(node.parent, exp.Insert):
        raise syntax_error("VALUES")


def _check_cte(node: exp.CTE) -> None:
    if not isinstance(node.this, exp.Query):
        raise syntax_error(node.this.key.upper())


def _check_insert(node: exp.Insert) -> None:
    _check_target(node)
    if node.parent is not None:
        raise syntax_error("INSERT")


def _check_target(node: exp.Insert) -> None:
    target = node.this.this if isinstance(node.this, exp.Schema) else node.this
    if isinstance(target, exp.Table) and target.alias:
        raise syntax_error(target.alias)


def _check_delete(node: exp.Delete) -> None:
    """DG: r_DELETE has no alias for the target, unlike r_UPDATE."""
    if isinstance(node.this, exp.Table) and node.this.alias:
        raise syntax_error(node.this.alias)


def _check_column(node: exp.Column) -> None:
    """PostgreSQL has hidden columns, and compares whole rows by x.*; Redshift has neither."""
    if node.name.lower() in HIDDEN_COLUMNS:
        raise RedshiftError("42703", f'column "{node.name.lower()}" does not exist')
    if isinstance(node.this, exp.Star) and not isinstance(node.parent, exp.Select):
        raise syntax_error("*")


def _check_interval(node: exp.Interval) -> None:
    if not isinstance(node.this, exp.Literal):
        raise syntax_error("INTERVAL")


def _check_window(node: exp.Window) -> None:
    """An aggregate with an ORDER BY needs a frame, of ROWS; OHDSI/Achilles#232 has both texts."""
    call = node.this
    if refusal := _refusal_by_name(call):
        raise refusal
    spec = node.args.get("spec")
    ranking = isinstance(call, exp.Anonymous) and call.name.lower() in RANKING
    if spec is not None and ranking:
        raise syntax_error(spec.args.get("kind"))
    if spec is None and not ranking and node.args.get("order"):
        raise RedshiftError(
            "42601", "Aggregate window functions with an ORDER BY clause require a frame clause"
        )
    if spec is not None and str(spec.args.get("kind")).upper() != "ROWS":
        raise RedshiftError(
            "0A000", f"{spec.args.get('kind')} clause of window functions not yet implemented"
        )


def _check_quantified(node: exp.Expr) -> None:
    """DG: r_comparison_condition: only = ANY and <> ALL, and only over a subquery."""
    fits = isinstance(node.parent, exp.EQ if isinstance(node, exp.Any) else exp.NEQ)
    if not fits or node.find(exp.Query) is None:
        raise not_supported(f"this use of {node.key.upper()}")


def _check_join(node: exp.Join) -> None:
    if node.kind not in ("", "INNER", "OUTER", "CROSS"):
        raise not_supported(f"{node.kind} JOIN")


def _check_update(node: exp.Update) -> None:
    if any(join.side for join in node.find_all(exp.Join) if join.find_ancestor(exp.Query) is None):
        # DG: r_UPDATE, "Usage notes": no outer joins in FROM.
        raise RedshiftError("0A000", "Target table must be part of an equijoin predicate")
    for assignment in node.expressions:
        if not isinstance(assignment, exp.EQ) or not isinstance(assignment.this, exp.Column):
            raise syntax_error("(")
        if assignment.this.table:
            raise syntax_error(".")


def _check_tuple(node: exp.Tuple) -> None:
    """DG: r_in_condition: rows may be compared by IN with a list; a subquery there has one column."""
    if isinstance(node.parent, exp.In) and node.parent.args.get("query") is not None:
        raise RedshiftError("42601", "subquery has too many columns")
    if not isinstance(node.parent, PLACES_OF_ROWS):
        raise not_supported("a row as a value")


PLACES_OF_ROWS = (
    exp.In,
    exp.Values,
    exp.Insert,
    exp.Rollup,
    exp.Cube,
    exp.GroupingSets,
    exp.Group,
    exp.Tuple,
)
FURTHER: dict[type[exp.Expr], Callable[[Any], object]] = {
    exp.All: _check_quantified,
    exp.Anonymous: _check_function,
    exp.Any: _check_quantified,
    exp.CTE: _check_cte,
    exp.Column: _check_column,
    exp.DataType: check_type,
    exp.Delete: _check_delete,
    exp.Identifier: _check_identifier,
    exp.Insert: _check_insert,
    exp.Interval: _check_interval,
    exp.Join: _check_join,
    exp.Tuple: _check_tuple,
    exp.Update: _check_update,
    exp.Values: _check_values,
    exp.Window: _check_window,
}
