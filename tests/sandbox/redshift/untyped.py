"""Refuses bare literals that are used outside of their query block: Redshift gives them no type.

In its own block a literal has the type that its use needs. As a column of a CTE, a derived table, a view
or a scalar subquery it is "unknown", as in PostgreSQL 8.0: it may be projected, counted and tested for
NULL. Whatever needs its type fails: sorting, grouping, comparing, storing, a cast, a function
(OHDSI/SqlRender#66, fleetio/dbt-segment#16, tuva-health/tuva-core#1165). A UNION gives a column a type
when one of its queries does (calogica/dbt-expectations#130). CASE and NVL over literals are VARCHAR.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from .errors import RedshiftError

REFUSAL = RedshiftError("XX000", 'failed to find conversion function from "unknown" to text')
BLOCKS = (exp.Select, exp.Update, exp.Delete)


def is_bare_literal(node: exp.Expr) -> bool:
    """Whether it is a text or NULL without a type of its own."""
    node = node.unnest()
    return isinstance(node, exp.Null) or (isinstance(node, exp.Literal) and node.is_string)


def check_untyped(tree: exp.Expr) -> None:
    """Raises XX000 for the first use of an untyped column that needs a type. All tables must be resolved."""
    columns = UntypedColumns()
    for node in tree.find_all(exp.Column, exp.Subquery, exp.In, exp.Join, *BLOCKS):
        if columns.needs_type(node):
            raise REFUSAL


class UntypedColumns:
    """Which columns of each block's sources have no type."""

    def __init__(self) -> None:
        self._sources: dict[int, dict[str, frozenset[str]]] = {}

    def of_query(self, query: exp.Expr) -> list[tuple[str, bool]]:
        """Each column's name, and whether it has no type. A star over stored columns adds none."""
        if isinstance(query, exp.Subquery):
            return self.of_query(query.this)
        if isinstance(query, exp.SetOperation):
            pairs = zip(self.of_query(query.this), self.of_query(query.expression), strict=False)
            return [(name, first and second) for (name, first), (_, second) in pairs]
        if not isinstance(query, exp.Select):
            return []
        found: list[tuple[str, bool]] = []
        for projection in query.expressions:
            if projection.is_star:
                found += [(name, True) for name in self._behind_star(query, projection)]
            else:
                untyped = is_bare_literal(projection.unalias()) or self._is_untyped(projection.unalias())
                found.append((projection.alias_or_name, untyped))
        return found

    def needs_type(self, node: exp.Expr) -> bool:
        """Whether this node uses a column without a type where a type is needed."""
        if isinstance(node, exp.In):
            query = node.args.get("query")
            return query is not None and self._first_is_untyped(query)
        if isinstance(node, exp.Join):
            names = {column.name for column in node.args.get("using") or []}
            return bool(names & set().union(*self._sources_around(node).values()))
        if isinstance(node, exp.Select):
            return self._select_needs_type(node)
        return self._is_untyped(node) and not _allows_unknown(node)

    def _sources_around(self, node: exp.Expr) -> dict[str, frozenset[str]]:
        block = node.find_ancestor(*BLOCKS)
        return self._sources_of(block) if block is not None else {}

    def _is_untyped(self, node: exp.Expr) -> bool:
        node = node.unnest() if isinstance(node, exp.Paren) else node
        if isinstance(node, exp.Subquery):
            is_value = not isinstance(node.parent, (exp.From, exp.Join, exp.CTE, exp.SetOperation))
            return is_value and not node.alias and self._first_is_untyped(node)
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star) or _is_assigned(node):
            return False
        return any(node.name in names for names in self._candidates(node))

    def _first_is_untyped(self, query: exp.Expr) -> bool:
        columns = self.of_query(query)
        return bool(columns) and columns[0][1]

    def _candidates(self, column: exp.Column) -> Iterator[frozenset[str]]:
        """The sources that may have the column. With a table's name, blocks further out count as well."""
        block = column.find_ancestor(*BLOCKS)
        while block is not None:
            sources = self._sources_of(block)
            if not column.table:
                yield from sources.values()
                return
            if column.table in sources:
                yield sources[column.table]
                return
            block = block.find_ancestor(*BLOCKS)

    def _sources_of(self, block: exp.Expr) -> dict[str, frozenset[str]]:
        if id(block) not in self._sources:
            self._sources[id(block)] = {}  # a source that names itself, as in WITH RECURSIVE, has types
            found = {each.alias_or_name: self._of_source(each) for each in _sources(block)}
            self._sources[id(block)] = found
        return self._sources[id(block)]

    def _of_source(self, source: exp.Expr) -> frozenset[str]:
        query, alias = source, source.args.get("alias")
        if isinstance(source, exp.Table):
            cte = _cte(source)
            if cte is None:
                return frozenset()
            query, alias = cte.this, cte.args.get("alias")
        columns = self.of_query(query)
        names = [column.name for column in alias.columns] if alias is not None else []
        renamed = names + [name for name, _ in columns[len(names) :]]
        return frozenset(name for name, (_, untyped) in zip(renamed, columns, strict=False) if untyped)

    def _behind_star(self, select: exp.Select, star: exp.Expr) -> set[str]:
        sources = self._sources_of(select)
        wanted = [star.table] if isinstance(star, exp.Column) else list(sources)
        return {name for source in wanted for name in sources.get(source, frozenset())}

    def _select_needs_type(self, select: exp.Select) -> bool:
        """Whether a block that projects a column without a type sorts, groups, unites or stores it."""
        untyped = [each for each in select.expressions if self._is_untyped(each.unalias())]
        stars = [each for each in select.expressions if each.is_star and self._behind_star(select, each)]
        if not untyped and not stars:
            return False
        if select.args.get("distinct") or _is_stored_or_united(select):
            return True
        places = {str(at) for at, each in enumerate(select.expressions, 1) if each in untyped}
        names = {each.alias for each in untyped if each.alias}
        return any(
            key.name in names if isinstance(key, exp.Column) else bool(stars) or key.name in places
            for key in _keys(select)
        )


def _sources(block: exp.Expr) -> Iterator[exp.Expr]:
    source = block.args.get("from_")
    if source is not None:
        yield source.this
    yield from block.args.get("using") or []
    for join in [*(block.args.get("joins") or []), *(source.this.args.get("joins") or [] if source else [])]:
        yield join.this


def _cte(table: exp.Table) -> exp.CTE | None:
    """The CTE that the name means, in the nearest WITH around it."""
    scope = table.parent if not table.db else None
    while scope is not None:
        with_ = scope.args.get("with_")
        for cte in with_.expressions if with_ is not None else []:
            if isinstance(cte, exp.CTE) and cte.alias == table.name:
                return cte
        scope = scope.parent
    return None


def _is_assigned(column: exp.Column) -> bool:
    """Whether it is the column that SET changes."""
    assignment = column.parent
    if not isinstance(assignment, exp.EQ) or not isinstance(assignment.parent, exp.Update):
        return False
    return bool(assignment.arg_key == "expressions" and column.arg_key == "this")


def _allows_unknown(node: exp.Expr) -> bool:
    """A projection, IS [NOT] NULL and COUNT take a value of any type."""
    while isinstance(node.parent, (exp.Paren, exp.Alias)):
        node = node.parent
    parent = node.parent
    if isinstance(parent, exp.Select):
        return bool(node.arg_key == "expressions")
    if isinstance(parent, exp.Is):
        return isinstance(parent.expression, exp.Null)
    return isinstance(parent, exp.Anonymous) and parent.name.lower() == "count"


def _is_stored_or_united(select: exp.Select) -> bool:
    parent = select.parent
    while isinstance(parent, exp.Subquery) and not parent.alias:
        parent = parent.parent
    return isinstance(parent, (exp.Insert, exp.SetOperation))


def _keys(select: exp.Select) -> Iterator[exp.Expr]:
    """What the block sorts and groups by."""
    order, group = select.args.get("order"), select.args.get("group")
    yield from (each.this for each in order.expressions) if order is not None else ()
    yield from group.expressions if group is not None else ()
