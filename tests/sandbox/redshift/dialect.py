"""Parses Redshift's SQL to a tree and renders a tree as PostgreSQL's SQL, with sqlglot.

sqlglot replaces functions by ones of the same meaning, and so loses the third argument of TO_DATE, or the
difference between STRING_AGG and LISTAGG. Here every function keeps its name, for the allow-list to check.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.postgres import Postgres
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ParseError, TokenError
from sqlglot.tokens import Token, TokenType

from .errors import RedshiftError, syntax_error

SPECIAL_FORMS = {"CAST", "CONVERT", "EXTRACT", "POSITION", "SUBSTRING", "TRIM", "TRY_CAST"}
_ESCAPE = re.compile(r"\\([0-7]{1,3}|.)|''", re.DOTALL)
_NAMED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class _Redshift(Redshift):  # type: ignore[misc]
    class Tokenizer(Redshift.Tokenizer):  # type: ignore[misc]
        COMMANDS: ClassVar[set[TokenType]] = set()

    class Parser(Redshift.Parser):  # type: ignore[misc]
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            k: v for k, v in Redshift.Parser.FUNCTION_PARSERS.items() if k in SPECIAL_FORMS
        }
        NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            k: v
            for k, v in Redshift.Parser.NO_PAREN_FUNCTION_PARSERS.items()
            if k in {"CASE", "ANY", "SYSDATE"}
        }

    def tokenize(self, sql: str, **options: Any) -> list[Token]:
        """Texts read as PostgreSQL 8.0 reads them: a backslash escapes."""
        tokens: list[Token] = super().tokenize(sql, **options)
        return [_reread(token, sql) for token in tokens]


def _reread(token: Token, sql: str) -> Token:
    if token.token_type is not TokenType.STRING or "\\" not in sql[token.start : token.end + 1]:
        return token
    text = _ESCAPE.sub(_unescape, sql[token.start + 1 : token.end])
    return Token(TokenType.STRING, text, token.line, token.col, token.start, token.end, token.comments)


def _unescape(match: re.Match[str]) -> str:
    escaped: str | None = match[1]
    if escaped is None:
        return "'"
    return chr(int(escaped, 8)) if escaped.isdigit() and escaped < "8" else _NAMED.get(escaped, escaped)


class _Backend(Postgres):  # type: ignore[misc]
    class Generator(Postgres.Generator):  # type: ignore[misc]
        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **Postgres.Generator.TRANSFORMS,
            exp.Anonymous: lambda self, node: self.func(node.name, *node.expressions, normalize=False),
        }


DIALECT = _Redshift()
BACKEND = _Backend()


def parse(sql: str) -> exp.Expr:
    """The tree of one statement. Raises 42601 for text that sqlglot cannot parse."""
    try:
        trees = [tree for tree in DIALECT.parse(sql) if tree is not None]
    except (ParseError, TokenError) as error:
        raise syntax_error(_near(error)) from error
    if len(trees) != 1 or isinstance(trees[0], exp.Command):
        raise RedshiftError("42601", "syntax error")
    return trees[0]


def _near(error: Exception) -> str | None:
    details = getattr(error, "errors", None)
    return str(details[0]["highlight"]) if details and details[0].get("highlight") else None


def render(tree: exp.Expr) -> str:
    """SQL for PostgreSQL. Every identifier is quoted, since PostgreSQL reserves other words than Redshift."""
    return str(tree.sql(dialect=BACKEND, identify=True, comments=False))
