"""QUALIFY for a PostgreSQL that has none: the query as it is inside, its rows filtered outside."""

from __future__ import annotations

from sqlglot import exp

from .errors import RedshiftError, not_carried

VERDICT = "qualified_row"


def unfold_qualify(tree: exp.Expr) -> exp.Expr:
    """The tree with every QUALIFY turned into a filter around its query."""
    for select in [found for found in tree.find_all(exp.Select) if found.args.get("qualify")]:
        _require_alias(select)
        outer = _unfold(select)
        if select is tree:
            tree = outer
        else:
            select.replace(outer)
    return tree


def _require_alias(select: exp.Select) -> None:
    """The QUALIFY page: the relation needs an alias when QUALIFY follows FROM directly."""
    source = select.args.get("from_")
    between = any(select.args.get(part) for part in ("where", "group", "having", "joins"))
    if source is None or not (source.this.alias or between):
        raise RedshiftError("42601", 'syntax error at or near "qualify"')
    if select.args.get("distinct"):
        raise not_carried("DISTINCT together with QUALIFY")


def _unfold(select: exp.Select) -> exp.Select:
    inner = select.copy()
    condition = _without_aliases(inner.args["qualify"].this, inner)
    inner.set("qualify", None)
    limits = {part: inner.args.get(part) for part in ("limit", "offset")}
    for part in limits:
        inner.set(part, None)
    carried: list[exp.Expr] = []
    shown: list[exp.Expr] = []
    for at, projection in enumerate(select.expressions):
        _carry(projection, at, inner, carried, shown)
    inner.set("expressions", [*carried, _named(condition, VERDICT)])
    outer = exp.Select(expressions=shown)
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("qualified")))
    outer.set("from_", exp.From(this=source))
    outer.set("where", exp.Where(this=exp.column(VERDICT, table="qualified")))
    for part, value in limits.items():
        outer.set(part, value)
    return outer


def _carry(
    projection: exp.Expr, at: int, inner: exp.Select, carried: list[exp.Expr], shown: list[exp.Expr]
) -> None:
    """A star goes through as whole rows, which PostgreSQL takes apart again; anything else as one column."""
    if projection.is_star:
        sources = [projection.args["table"].name] if isinstance(projection, exp.Column) else _sources(inner)
        for source in sources:
            name = f"row_{at}_{source}"
            carried.append(_named(exp.column(exp.to_identifier(source)), name))
            row = exp.Paren(this=exp.column(name, table="qualified"))
            shown.append(exp.Dot(this=row, expression=exp.Star()))
        return
    name = f"value_{at}"
    value = projection.this if isinstance(projection, exp.Alias) else projection
    carried.append(_named(value.copy(), name))
    shown.append(_named(exp.column(name, table="qualified"), projection.alias_or_name or "?column?"))


def _named(value: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def _sources(select: exp.Select) -> list[str]:
    joins = select.args.get("joins") or []
    return [node.this.alias_or_name for node in (select.args["from_"], *joins)]


def _without_aliases(condition: exp.Expr, select: exp.Select) -> exp.Expr:
    """The condition in terms of the query's sources: it may name the projections."""
    known = {each.alias: each.this for each in select.expressions if isinstance(each, exp.Alias)}

    def replace(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and not node.table and node.name in known:
            return exp.Paren(this=known[node.name].copy())
        return node

    return condition.copy().transform(replace)
