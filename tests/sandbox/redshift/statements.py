"""Splits a client's text into statements, and reads a statement word by word."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot.errors import TokenError
from sqlglot.tokens import Token, TokenType

from .dialect import DIALECT
from .errors import RedshiftError, not_supported, syntax_error
from .keywords import RESERVED

_WORD = re.compile(r"\S+")
LARGEST_STATEMENT = 16 * 1024 * 1024  # DG: amazon-redshift-limits


@dataclass(frozen=True)
class Statement:
    """One statement as the client sent it, without its semicolon."""

    text: str
    tokens: tuple[Token, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The first six words in upper case."""
        return tuple(token.text.upper() for token in self.tokens[:6])

    def has_word(self, word: str) -> bool:
        """Whether the word is anywhere outside quotes."""
        return any(token.text.upper() == word and not _is_quoted(token) for token in self.tokens)


@dataclass(frozen=True)
class Name:
    """A table's name as a statement gives it, folded to lower case."""

    schema: str | None
    table: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table

    @property
    def quoted(self) -> str:
        """For PostgreSQL."""
        parts = [part for part in (self.schema, self.table) if part is not None]
        return ".".join(quote(part) for part in parts)


def refuse_hidden_schema(schema: str | None) -> None:
    """Raises 3F000 for the schema of the stand-in's functions, which clients must not see."""
    if schema == "stand_in":
        raise RedshiftError("3F000", 'schema "stand_in" does not exist')


def quote(identifier: str) -> str:
    """An identifier for PostgreSQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A text for PostgreSQL, which runs with standard_conforming_strings on."""
    return "'" + value.replace("'", "''") + "'"


@functools.lru_cache(256)
def split(sql: str) -> tuple[Statement, ...]:
    """The statements of one message. Raises 42601 for text that has no words, 54001 for what is too long."""
    size = len(sql.encode())
    if size > LARGEST_STATEMENT:
        raise RedshiftError(
            "54001",
            f"Statement is too large. Statement Size: {size} bytes. "
            f"Maximum Allowed: {LARGEST_STATEMENT} bytes",
        )
    try:
        tokens = [word for token in DIALECT.tokenize(sql) for word in _single_words(token, sql)]
    except TokenError as error:
        raise RedshiftError("42601", "unterminated quoted string or comment") from error
    statements: list[Statement] = []
    run: list[Token] = []
    for token in [*tokens, None]:
        if token is not None and token.token_type is not TokenType.SEMICOLON:
            run.append(token)
            continue
        if run:
            statements.append(Statement(sql[run[0].start : run[-1].end + 1], tuple(run)))
        run = []
    for statement in statements:
        _refuse_newer_quoting(statement.tokens)
    return tuple(statements)


def _single_words(token: Token, sql: str) -> list[Token]:
    """The words of a token: sqlglot makes one token of PRIMARY KEY, and Reader reads word by word."""
    source = sql[token.start : token.end + 1]
    if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER) or len(source.split()) < 2:
        return [token]
    return [
        Token(
            TokenType.VAR,
            word[0],
            token.line,
            token.col,
            token.start + word.start(),
            token.start + word.end() - 1,
        )
        for word in _WORD.finditer(source)
    ]


def _refuse_newer_quoting(tokens: Sequence[Token]) -> None:
    for token in tokens:
        if token.token_type in (TokenType.BYTE_STRING, TokenType.UNICODE_STRING):
            # E'…' came with PostgreSQL 8.1; seen with Npgsql on Redshift.
            raise RedshiftError("42704", 'type "e" does not exist')
        if token.token_type in (TokenType.HEREDOC_STRING, TokenType.RAW_STRING, TokenType.NATIONAL_STRING):
            raise not_supported("this form of quoting")


class Reader:
    """Reads a statement word by word. Raises Redshift's 42601 where the text does not fit."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self._tokens = statement.tokens
        self._at = 0

    def peek(self, ahead: int = 0) -> Token | None:
        """The next token, None at the end."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def next(self) -> Token:
        """The next token; reads past it."""
        token = self.peek()
        if token is None:
            raise syntax_error(None)
        self._at += 1
        return token

    def fail(self) -> RedshiftError:
        """A syntax error at the next token."""
        token = self.peek()
        return syntax_error(None if token is None else token.text)

    def at(self, *words: str) -> bool:
        """Whether these words come next. Quoted text is never a word."""
        for ahead, word in enumerate(words):
            token = self.peek(ahead)
            if token is None or _is_quoted(token) or token.text.upper() != word:
                return False
        return True

    def take(self, *words: str) -> bool:
        """Whether these words come next; reads past them."""
        found = self.at(*words)
        if found:
            self._at += len(words)
        return found

    def expect(self, *words: str) -> None:
        """Read past these words, which must come next."""
        if not self.take(*words):
            raise self.fail()

    def identifier(self) -> str:
        """One identifier in lower case: Redshift folds quoted ones as well."""
        token = self.peek()
        if token is None or token.token_type is TokenType.STRING or not _is_name(token):
            raise self.fail()
        name = str(token.text).lower()
        if token.token_type is not TokenType.IDENTIFIER and name in RESERVED:
            raise self.fail()
        self._at += 1
        return name

    def string(self) -> str:
        """One text in single quotes."""
        token = self.peek()
        if token is None or token.token_type is not TokenType.STRING:
            raise self.fail()
        self._at += 1
        return str(token.text)

    def name(self, database: str) -> Name:
        """A name of up to three parts, the first of which is `database`."""
        return _name(self._parts(), database)

    def column(self, database: str) -> tuple[Name, str]:
        """A table's name, a dot and a column's name."""
        *table, column = self._parts()
        if not table:
            raise self.fail()
        return _name(table, database), column

    def _parts(self) -> list[str]:
        parts = [self.identifier()]
        while self.take("."):
            parts.append(self.identifier())
        return parts

    def group(self) -> list[Token]:
        """The tokens between a pair of parentheses; reads past it."""
        self.expect("(")
        depth, start = 1, self._at
        while depth:
            token = self.next()
            if token.token_type is TokenType.L_PAREN:
                depth += 1
            elif token.token_type is TokenType.R_PAREN:
                depth -= 1
        return list(self._tokens[start : self._at - 1])

    def names(self) -> list[str]:
        """Identifiers in parentheses."""
        self.expect("(")
        found = [self.identifier()]
        while self.take(","):
            found.append(self.identifier())
        self.expect(")")
        return found

    def until(self, *words: str) -> str:
        """The text up to one of these words, a comma or a closing parenthesis, at this depth."""
        depth, start = 0, self._at
        while (token := self.peek()) is not None:
            if depth == 0 and (token.text in (",", ")") or any(self.at(word) for word in words)):
                break
            depth += {"(": 1, ")": -1}.get(token.text, 0) if not _is_quoted(token) else 0
            self._at += 1
        if self._at == start:
            raise self.fail()
        return self._text(start, self._at)

    def rest(self) -> str:
        """The rest of the text; reads past it."""
        start, self._at = self._at, len(self._tokens)
        return self._text(start, self._at) if start < self._at else ""

    def _text(self, start: int, end: int) -> str:
        offset = self._tokens[0].start
        return self.statement.text[
            self._tokens[start].start - offset : self._tokens[end - 1].end + 1 - offset
        ]

    def end(self) -> None:
        """Raises 42601 unless this is the end."""
        if self.peek() is not None:
            raise self.fail()


def _name(parts: Sequence[str], database: str) -> Name:
    if len(parts) == 3 and parts[0] == database:
        parts = parts[1:]
    if len(parts) == 2:
        refuse_hidden_schema(parts[0])
    if len(parts) > 2:
        raise RedshiftError("0A000", "cross-database reference to database is not supported")
    return Name(parts[0] if len(parts) == 2 else None, parts[-1])


def _is_quoted(token: Token) -> bool:
    return token.token_type in (TokenType.STRING, TokenType.IDENTIFIER)


def _is_name(token: Token) -> bool:
    return token.token_type is TokenType.IDENTIFIER or token.text.replace("_", "a")[:1].isalpha()
