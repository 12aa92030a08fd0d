"""Parses a statement, checks that it is Redshift's SQL, and folds its identifiers to lower case."""

from __future__ import annotations

import functools

from sqlglot import exp

from .dialect import parse
from .errors import syntax_error
from .refusals import check
from .rewrite import fold

# The loader sends the same long statements in each run: to copy a tree is faster than to parse the text.
REMEMBERED = 256


def admit(sql: str, *kinds: type[exp.Expr]) -> exp.Expr:
    """The tree of one statement, which the caller may change. Raises Redshift's error when it is refused.

    Raises 42601 when `kinds` are given and the statement is none of them.
    """
    return _admitted(sql, kinds or (exp.Expr,)).copy()


@functools.lru_cache(REMEMBERED)
def _admitted(sql: str, kinds: tuple[type[exp.Expr], ...]) -> exp.Expr:
    tree = parse(sql)
    if not isinstance(tree, kinds):
        raise syntax_error(tree.key.upper())
    check(tree)
    fold(tree)
    return tree
