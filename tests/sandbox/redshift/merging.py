"""MERGE: the form that Redshift documents (r_MERGE), and nothing of what other databases add to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from sqlglot import exp

from .dialect import parse, render
from .errors import RedshiftError, syntax_error
from .statements import quote, split

_DUPLICATES = re.compile(r"\bREMOVE\s+DUPLICATES\s*$", re.IGNORECASE)


def removes_duplicates(sql: str) -> bool:
    """Whether it is the REMOVE DUPLICATES form."""
    return bool(_DUPLICATES.search(sql))


def with_column_list(sql: str, columns: Sequence[str]) -> str:
    """INSERT VALUES spelled out with the target's columns, which sqlglot cannot read without."""
    (statement,) = split(sql)
    for first, second in pairwise(statement.tokens):
        if (first.text.upper(), second.text.upper()) == ("MATCHED", "BY"):
            raise syntax_error(second.text)
    for first, second in pairwise(statement.tokens):
        if (first.text.upper(), second.text.upper()) == ("INSERT", "VALUES"):
            names = ", ".join(quote(column) for column in columns)
            return f"{sql[: first.end + 1]} ({names}) {sql[second.start :]}"
    return sql


def parse_merge(sql: str) -> exp.Merge:
    """A MERGE with both of its clauses, each once, in order, without conditions."""
    tree = parse(sql)
    if not isinstance(tree, exp.Merge):
        raise syntax_error("MERGE")
    _require_plain_target(tree)
    whens = tree.args["whens"].expressions
    for when in whens:
        if when.args.get("condition") is not None:
            raise syntax_error("AND")
        if when.args.get("source"):
            raise syntax_error("BY")
    if [bool(when.args.get("matched")) for when in whens] != [True, False]:
        raise syntax_error(None if len(whens) < 2 else "WHEN")
    matched, missing = (when.args["then"] for when in whens)
    if not _is_change(matched) or not isinstance(missing, exp.Insert):
        raise syntax_error("THEN")
    return tree


def _is_change(action: exp.Expr) -> bool:
    return isinstance(action, exp.Update) or (isinstance(action, exp.Var) and action.name.upper() == "DELETE")


def _require_plain_target(tree: exp.Merge) -> None:
    target = tree.this
    if not isinstance(target, exp.Table) or target.alias:
        # Seen at sqlmesh#3607: Redshift knows no alias for the target.
        raise syntax_error(target.alias or None)


def parse_remove_duplicates(sql: str) -> exp.Merge:
    """The tree of MERGE … REMOVE DUPLICATES, with clauses that are not its own."""
    tree = parse(_DUPLICATES.sub("WHEN MATCHED THEN DELETE", sql))
    if not isinstance(tree, exp.Merge) or len(tree.args["whens"].expressions) != 1:
        raise syntax_error("REMOVE")
    _require_plain_target(tree)
    return tree


def require_independent_source(tree: exp.Merge) -> None:
    """The source may not read the target."""
    target = tree.this
    for table in tree.args["using"].find_all(exp.Table):
        if table.name == target.name and (not table.db or not target.db or table.db == target.db):
            raise RedshiftError(
                "XX000", "Source view/subquery in Merge statement cannot reference target table."
            )


def replacing_statements(tree: exp.Merge) -> list[str]:
    """REMOVE DUPLICATES, step by step: target rows that match go, the source's rows come, each once."""
    target, source, condition = render(tree.this), render(tree.args["using"]), render(tree.args["on"])
    return [
        f"DELETE FROM {target} USING {source} WHERE {condition}",
        f"INSERT INTO {target} SELECT DISTINCT * FROM {source}",
    ]
