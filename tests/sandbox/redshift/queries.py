"""SELECT, INSERT, UPDATE, DELETE, MERGE and EXPLAIN."""

from __future__ import annotations

from sqlglot import exp

from . import differences, merging
from .admission import admit
from .bind import bind, name_of
from .dialect import render
from .differences import Difference
from .errors import RedshiftError, not_supported, syntax_error
from .meta import columns_of, kind_of, require_local
from .refusals import check
from .rewrite import fold, rewrite
from .statements import Reader
from .untyped import check_untyped
from .work import Work


def translate(work: Work, tree: exp.Expr, *, rows: bool = True) -> str:
    """SQL for PostgreSQL of an admitted tree; unless `rows` is False, it scans the external tables first."""
    return render(_prepared(work, tree, rows=rows))


def _prepared(work: Work, tree: exp.Expr, *, rows: bool = True) -> exp.Expr:
    """The tree with its tables resolved, as PostgreSQL takes it."""
    differences.apply(work.cluster.differs, tree)
    bound = bind(work, tree, rows=rows)
    check_untyped(bound)
    return rewrite(bound)


def translate_expression(tree: exp.Expr) -> str:
    """The only projection of an admitted SELECT …, as an expression of its own."""
    projection = rewrite(tree).expressions[0]
    return render(projection.this if isinstance(projection, exp.Alias) else projection)


def translate_query(work: Work, sql: str, *, rows: bool = True) -> str:
    """The same for the text of a query."""
    tree = admit(sql)
    if not isinstance(tree, exp.Query):
        raise syntax_error(sql.split(maxsplit=1)[0])
    return translate(work, tree, rows=rows)


def select(work: Work, reader: Reader) -> None:
    """A query; WITH may also open an UPDATE or a DELETE."""
    tree = admit(reader.rest(), exp.Query, exp.Update, exp.Delete)
    if isinstance(tree, exp.Query):
        work.relay(translate(work, tree))
    else:
        _change(work, tree)


def insert(work: Work, reader: Reader) -> None:
    """INSERT INTO a table of the cluster's own."""
    tree = admit(reader.rest())
    if not isinstance(tree, exp.Insert):
        raise syntax_error("INSERT")
    _require_target(work, _target(tree), "INSERT")
    work.relay(translate(work, tree))


def change(work: Work, reader: Reader) -> None:
    """UPDATE or DELETE."""
    _change(work, admit(reader.rest(), exp.Update, exp.Delete))


def _change(work: Work, tree: exp.Expr) -> None:
    command = tree.key.upper()
    _require_target(work, _target(tree), command)
    if command == "DELETE" and Difference.NO_COUNTS in work.cluster.differs:
        work.relay(translate(work, tree), lambda _: command)
    else:
        work.relay(translate(work, tree))


def _target(tree: exp.Expr) -> exp.Table:
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if not isinstance(target, exp.Table):
        raise syntax_error(tree.key.upper())
    return target


def _require_target(work: Work, target: exp.Table, command: str) -> None:
    name = name_of(work, target)
    if kind_of(work, name) == "external":
        # DG: r_INSERT_external_table exists; this project never writes there, so it is refused.
        raise not_supported(f"{command} on an external table, by this stand-in: it")
    require_local(work, name, command)


def merge(work: Work, reader: Reader) -> None:
    """MERGE in the one form that Redshift has, or REMOVE DUPLICATES."""
    reader.expect("MERGE", "INTO")
    target = reader.name(work.cluster.database)
    sql = f"MERGE INTO {target.quoted} {reader.rest()}"
    if merging.removes_duplicates(sql):
        _remove_duplicates(work, sql)
        return
    tree = merging.parse_merge(merging.with_column_list(sql, columns_of(work, target)))
    check(tree)
    fold(tree)
    _require_target(work, tree.this, "MERGE")
    merging.require_independent_source(tree)
    # How many rows it changed is not documented to be told, so nobody may rely on it.
    work.relay(render(_prepared(work, tree)), lambda _: "MERGE")


def _remove_duplicates(work: Work, sql: str) -> None:
    tree = merging.parse_remove_duplicates(sql)
    _require_target(work, tree.this, "MERGE")
    check(tree)
    fold(tree)
    merging.require_independent_source(tree)
    prepared = _prepared(work, tree)
    for statement in merging.replacing_statements(prepared):
        work.link.query(statement)
    work.done("MERGE")


def explain(work: Work, reader: Reader) -> None:
    """A plan: PostgreSQL's, for nobody should read more than its presence; no external row is read."""
    reader.expect("EXPLAIN")
    reader.take("VERBOSE")
    tree = admit(reader.rest())
    if not isinstance(tree, (exp.Query, exp.Insert, exp.Update, exp.Delete)):
        raise RedshiftError("42601", "syntax error")
    work.relay("EXPLAIN " + translate(work, tree, rows=False))
