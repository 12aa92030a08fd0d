"""A statement's text to a tree that is known to be Redshift's, every identifier in lower case."""

from __future__ import annotations

import functools

from sqlglot import exp

from .dialect import parse
from .errors import syntax_error
from .refusals import check
from .rewrite import fold

# The loader sends the same long statements in each run: a tree is copied in a fraction of the time.
REMEMBERED = 256


def admit(sql: str, *kinds: type[exp.Expr]) -> exp.Expr:
    """The tree of one statement, the caller's to change; raises what Redshift says of one that it refuses.

    42601 when it is none of these kinds, if any are given.
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
