"""Resolves the tables of a query. An external table or a system view is copied to a temporary table."""

from __future__ import annotations

from sqlglot import exp

from . import spectrum, system_views
from .admission import admit
from .catalog import ExternalTable
from .errors import RedshiftError, no_such_relation, not_carried
from .functions import FUNCTIONS
from .meta import external_schema, external_table, late_binding_text
from .pruning import conjuncts_on, whole_numbers
from .rewrite import LEADER_ERROR
from .statements import Name, refuse_hidden_schema
from .work import Work

PSEUDO_COLUMNS = ("$path", "$size")
DEEPEST_VIEW = 10


def name_of(work: Work, table: exp.Table) -> Name:
    """The name in lower case. The name of the cluster's database may precede it."""
    if table.catalog and table.catalog.lower() != work.cluster.database:
        raise RedshiftError("0A000", "cross-database references are not supported")
    refuse_hidden_schema(table.db.lower())
    return Name(table.db.lower() or None, table.name.lower())


def bind(work: Work, tree: exp.Expr, *, rows: bool = True, depth: int = 0) -> exp.Expr:
    """The tree with every table resolved. With `rows` False external tables are empty."""
    if depth > DEEPEST_VIEW:
        raise RedshiftError("54001", "views are nested too deeply")
    _answer_for_session(work, tree)
    outside: list[exp.Table] = []
    for table in list(tree.find_all(exp.Table)):
        if _is_cte(table):
            continue
        if not isinstance(table.this, exp.Identifier):
            raise RedshiftError("0A000", "a function in FROM is not supported")
        outside.append(table)
    if any(_is_compute_table(work, table) for table in outside):
        work.on_nodes = True
        _refuse_leader_functions(tree)
    for table in outside:
        _resolve(work, tree, table, rows=rows, depth=depth)
    return tree


def _is_cte(table: exp.Table) -> bool:
    if table.db:
        return False
    scope = table.parent
    while scope is not None:
        with_ = scope.args.get("with_")
        if with_ is not None and any(cte.alias.lower() == table.name.lower() for cte in with_.expressions):
            return True
        scope = scope.parent
    return False


def _answer_for_session(work: Work, tree: exp.Expr) -> None:
    for call in list(tree.find_all(exp.Anonymous)):
        if call.name.lower() in ("pg_last_query_id", "last_user_query_id"):
            call.replace(exp.Literal.number(work.last_query_id or -1))


def _is_compute_table(work: Work, table: exp.Table) -> bool:
    return not system_views.is_leader_relation(name_of(work, table))


def _refuse_leader_functions(tree: exp.Expr) -> None:
    """DG: c_SQL_functions_leader_node_only: never together with tables."""
    for node in tree.find_all(exp.Anonymous, exp.CurrentTimestamp, exp.CurrentSchema):
        if isinstance(node, exp.CurrentTimestamp) and node.args.get("sysdate"):
            continue
        function = FUNCTIONS.get(node.name.lower()) if isinstance(node, exp.Anonymous) else None
        if function is None and isinstance(node, exp.Anonymous):
            continue
        if function is None or function.leader:
            raise LEADER_ERROR


def _resolve(work: Work, tree: exp.Expr, table: exp.Table, *, rows: bool, depth: int) -> None:
    name = name_of(work, table)
    table.set("catalog", None)
    if external_schema(work, name.schema) is not None:
        found = external_table(work, name)
        if found is None:
            raise no_such_relation(str(name))
        _bind_external(work, tree, table, found, rows=rows)
    elif system_views.is_system(name):
        _replace(table, system_views.materialise(work, name), name)
    elif (text := late_binding_text(work, name)) is not None:
        _bind_view(work, table, text, name, rows=rows, depth=depth)


def _replace(table: exp.Table, backend_name: str, name: Name) -> None:
    """Let the query read `backend_name`, under the name that the query uses."""
    _shorten_columns(table, name)
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(name.table)))
    schema, _, relation = backend_name.rpartition(".")
    table.set("db", exp.to_identifier(schema) if schema else None)
    table.set("this", exp.to_identifier(relation))


def _shorten_columns(table: exp.Table, name: Name) -> None:
    """schema.table.column becomes table.column, now that the table has an alias."""
    for column in table.root().find_all(exp.Column):
        if column.args.get("db") and column.table == name.table and column.args["db"].name == name.schema:
            column.set("db", None)


def _bind_view(work: Work, table: exp.Table, text: str, name: Name, *, rows: bool, depth: int) -> None:
    query = bind(work, admit(text), rows=rows, depth=depth + 1)
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name.table))
    _shorten_columns(table, name)
    subquery = exp.Subquery(this=query, alias=alias)
    for join in table.args.get("joins") or []:
        subquery.append("joins", join)
    table.replace(subquery)


def _bind_external(work: Work, tree: exp.Expr, table: exp.Table, found: ExternalTable, *, rows: bool) -> None:
    name = Name(found.schema, found.name)
    wanted = _wanted_columns(table.root(), found)
    conditions = conjuncts_on(table, [column.name for column in found.partition_columns])
    of_data = whole_numbers(conjuncts_on(table, [column.name for column in found.columns]))
    scratch = spectrum.scan(work, found, wanted, conditions, of_data, rows=rows)
    if any(column in PSEUDO_COLUMNS for column in wanted):
        _refuse_star(table, found)
    _replace(table, scratch, name)


def _wanted_columns(tree: exp.Expr, found: ExternalTable) -> list[str]:
    """The columns that the statement names anywhere; all columns if it has a star."""
    named = {identifier.name for identifier in tree.find_all(exp.Identifier)}
    own = [column.name for column in (*found.columns, *found.partition_columns)]
    star = any(not isinstance(node.parent, exp.Anonymous) for node in tree.find_all(exp.Star))
    return [column for column in (*own, *PSEUDO_COLUMNS) if column in named or (star and column in own)]


def _refuse_star(table: exp.Table, found: ExternalTable) -> None:
    """Raises 0A000 for `*` in a query of pseudo columns: `*` has none (DG: c-spectrum-external-tables)."""
    select = table.find_ancestor(exp.Select)
    for projection in select.expressions if select is not None else []:
        own = isinstance(projection, exp.Column) and projection.table == (table.alias or found.name)
        if isinstance(projection, exp.Star) or (own and projection.is_star):
            raise not_carried('"$path" together with *')
