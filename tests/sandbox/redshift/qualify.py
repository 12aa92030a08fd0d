"""QUALIFY, which PostgreSQL has not: a subquery computes the condition, and the query around it filters."""

from __future__ import annotations

from sqlglot import exp

from .errors import RedshiftError, not_carried

VERDICT = "qualified_row"


def unfold_qualify(tree: exp.Expr) -> exp.Expr:
    """The tree with every QUALIFY replaced by a filter around its query."""
    for select in [found for found in tree.find_all(exp.Select) if found.args.get("qualify")]:
        _check(select)
        outer = _unfold(select)
        if select is tree:
            tree = outer
        else:
            select.replace(outer)
    return tree


def _check(select: exp.Select) -> None:
    """Raises 42601 without an alias where QUALIFY follows FROM directly, 0A000 for forms not carried."""
    source = select.args.get("from_")
    between = any(select.args.get(part) for part in ("where", "group", "having", "joins"))
    if source is None or not (source.this.alias or between):
        raise RedshiftError("42601", 'syntax error at or near "qualify"')
    if select.is_star:
        raise not_carried("* together with QUALIFY")
    if any(select.args.get(part) for part in ("distinct", "limit", "offset")):
        raise not_carried("DISTINCT or LIMIT together with QUALIFY")
    aliases = {each.alias for each in select.expressions if isinstance(each, exp.Alias)}
    if any(not each.table and each.name in aliases for each in select.args["qualify"].find_all(exp.Column)):
        raise not_carried("the name of a projection in QUALIFY")


def _unfold(select: exp.Select) -> exp.Select:
    inner = select.copy()
    condition = inner.args["qualify"].this
    inner.set("qualify", None)
    names = [each.alias_or_name or "?column?" for each in select.expressions]
    values = [each.unalias() for each in inner.expressions]
    carried = [_named(value, f"value_{at}") for at, value in enumerate(values)]
    inner.set("expressions", [*carried, _named(condition, VERDICT)])
    shown = [_named(exp.column(f"value_{at}", table="qualified"), name) for at, name in enumerate(names)]
    outer = exp.Select(expressions=shown)
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("qualified")))
    outer.set("from_", exp.From(this=source))
    outer.set("where", exp.Where(this=exp.column(VERDICT, table="qualified")))
    return outer


def _named(value: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))
