"""SELECT, INSERT, UPDATE, DELETE and EXPLAIN."""

from __future__ import annotations

from sqlglot import exp

from . import differences
from .admission import admit
from .bind import bind, name_of
from .dialect import render
from .differences import Difference
from .errors import RedshiftError, not_carried, syntax_error
from .meta import kind_of, require_local
from .rewrite import rewrite
from .statements import Reader
from .untyped import check_untyped
from .work import Work


def translate(work: Work, tree: exp.Expr, *, rows: bool = True) -> str:
    """SQL for PostgreSQL of an admitted tree. Unless `rows` is False, it scans the external tables first."""
    differences.apply(work.cluster.differs, tree)
    bound = bind(work, tree, rows=rows)
    check_untyped(bound)
    return render(rewrite(bound))


def translate_expression(tree: exp.Expr) -> str:
    """SQL for PostgreSQL of the only projection of an admitted SELECT."""
    projection = rewrite(tree).expressions[0]
    return render(projection.this if isinstance(projection, exp.Alias) else projection)


def translate_query(work: Work, sql: str, *, rows: bool = True) -> str:
    """SQL for PostgreSQL of the text of a query."""
    tree = admit(sql)
    if not isinstance(tree, exp.Query):
        raise syntax_error(sql.split(maxsplit=1)[0])
    return translate(work, tree, rows=rows)


def select(work: Work, reader: Reader) -> None:
    """A query, or an UPDATE or DELETE that begins with WITH."""
    tree = admit(reader.rest(), exp.Query, exp.Update, exp.Delete)
    if isinstance(tree, exp.Query):
        work.relay(translate(work, tree))
    else:
        _change(work, tree)


def insert(work: Work, reader: Reader) -> None:
    """INSERT INTO a local table."""
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
        # Redshift has INSERT (DG: r_INSERT_external_table). This project never writes there.
        raise not_carried(f"{command} on an external table")
    require_local(work, name, command)


def explain(work: Work, reader: Reader) -> None:
    """EXPLAIN: the plan is PostgreSQL's. External tables are not scanned."""
    reader.expect("EXPLAIN")
    reader.take("VERBOSE")
    tree = admit(reader.rest())
    if not isinstance(tree, (exp.Query, exp.Insert, exp.Update, exp.Delete)):
        raise RedshiftError("42601", "syntax error")
    work.relay("EXPLAIN " + translate(work, tree, rows=False))
