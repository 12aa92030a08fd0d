"""Rewrites a checked Redshift query so that PostgreSQL gives Redshift's answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

from sqlglot import exp

from .errors import RedshiftError, not_carried
from .functions import FUNCTIONS
from .qualify import unfold_qualify
from .untyped import is_bare_literal

LONGEST_NAME = 63  # Redshift has 127 (DG: r_names); PostgreSQL would cut the name.
VARCHAR_DEFAULT = 256  # DG: r_Character_types
VARCHAR_MAX = 65535
TRY_CAST_TARGETS = frozenset(
    {"SMALLINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE", "TEXT", "VARCHAR", "CHAR", "BPCHAR", "TIME"}
    | {"TIMESTAMP", "TIMESTAMPTZ", "DATE"}
)
CHECKED = {
    **dict.fromkeys(("SMALLINT", "INT", "BIGINT"), "integer_text"),
    **dict.fromkeys(("DECIMAL", "FLOAT", "DOUBLE"), "number_text"),
    **dict.fromkeys(("DATE", "TIMESTAMP", "TIMESTAMPTZ"), "time_text"),
}
# What can make a text longer than any VARCHAR, and what Redshift says of it. CONCAT: airbytehq/airbyte#14441;
# of the others nothing was found.
TOO_LONG = "Value too long for character type"
GROWING = {
    "concat": "CONCAT() result too long",
    "json_serialize": TOO_LONG,
    **dict.fromkeys(("lpad", "repeat", "replace"), TOO_LONG),
}
NATURAL_NAMES = {exp.Case: "case", exp.DPipe: "?column?", exp.Extract: "date_part"}
LEADER_ERROR = RedshiftError(
    "0A000", "Specified types or functions (one per INFO message) not supported on Amazon Redshift tables."
)


def fold(tree: exp.Expr) -> None:
    """Lower case for every identifier: Redshift folds the quoted ones too."""
    for identifier in tree.find_all(exp.Identifier):
        identifier.set("this", identifier.name.lower())
        if len(identifier.name.encode()) > LONGEST_NAME:
            raise not_carried(f"an identifier of more than {LONGEST_NAME} bytes")


def rewrite(tree: exp.Expr) -> exp.Expr:
    """The tree with everything but the tables rewritten."""
    _name_projections(tree)
    return unfold_qualify(_inside_out(tree))


def _inside_out(tree: exp.Expr) -> exp.Expr:
    """Rewrite every node, the innermost first: a function inside another one is rewritten like any other."""
    for node in reversed(list(tree.walk(bfs=True))):
        rewritten = _rewrite_node(node)
        if node is tree:
            tree = rewritten
        elif rewritten is not node:
            node.replace(rewritten)
    return tree


def _name_projections(tree: exp.Expr) -> None:
    """Give each projection its name as an alias: rewriting must not change what a client or a view sees."""
    for select in tree.find_all(exp.Select):
        if isinstance(select.parent, (exp.In, exp.Exists)):
            continue
        for projection in list(select.expressions):
            name = _natural_name(projection)
            if name:
                projection.replace(exp.alias_(projection.copy(), name, quoted=True))


def _natural_name(node: exp.Expr) -> str | None:
    if isinstance(node, exp.Window):
        return _natural_name(node.this)
    if isinstance(node, exp.Anonymous):
        return "coalesce" if node.name.lower() == "nvl" else node.name.lower()
    if isinstance(node, exp.Cast):
        inner = node.this
        return inner.name if isinstance(inner, exp.Column) else _natural_name(inner)
    if isinstance(node, exp.CurrentTimestamp):
        return "sysdate" if node.args.get("sysdate") else "timestamptz"
    return NATURAL_NAMES.get(type(node))


def _rewrite_node(node: exp.Expr) -> exp.Expr:
    for kind, rewriting in REWRITINGS.items():
        if isinstance(node, kind):
            return rewriting(node)
    return node


def _rewrite_current_time(node: exp.CurrentTimestamp) -> exp.Expr:
    return _call("stand_in.sysdate") if node.args.get("sysdate") else node


def _rewrite_extract(node: exp.Extract) -> exp.Expr:
    return _call("stand_in.extracted", exp.Literal.string(node.name.lower()), node.expression)


def _rewrite_concatenation(node: exp.DPipe) -> exp.Expr:
    """Only the last text of a chain of || is measured: it is the longest."""
    around = node.parent
    while isinstance(around, exp.Paren) or _is_named(around, "nvl", "coalesce", "stand_in.fits"):
        around = around.parent
    if isinstance(around, exp.DPipe):
        return node
    return _fits(exp.DPipe(this=node.this, expression=node.expression), GROWING["concat"])


def _is_named(node: exp.Expr | None, *names: str) -> TypeGuard[exp.Anonymous]:
    return isinstance(node, exp.Anonymous) and node.name.lower() in names


def _fits(text: exp.Expr, refusal: str) -> exp.Expr:
    return _call("stand_in.fits", text, exp.Literal.string(refusal))


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def type_name(node: exp.DataType) -> str:
    """The type's name as sqlglot's enumeration spells it."""
    return str(node.this.name)


def backend_type(node: exp.DataType) -> exp.DataType:
    """TEXT is VARCHAR(256), FLOAT is eight bytes, a VARCHAR always has a length."""
    name = type_name(node)
    if name in ("TEXT", "VARCHAR", "NVARCHAR"):
        return exp.DataType.build(f"VARCHAR({varchar_length(node)})", dialect="postgres")
    if name in ("CHAR", "NCHAR", "BPCHAR"):
        length = node.expressions[0].name if node.expressions else ("256" if name == "BPCHAR" else "1")
        return exp.DataType.build(f"CHAR({length})", dialect="postgres")
    if name == "DECIMAL" and not node.expressions:
        return exp.DataType.build("DECIMAL(18, 0)", dialect="postgres")
    if name == "SUPER":
        return exp.DataType.build("stand_in.super", dialect="postgres", udt=True)
    return node


def varchar_length(node: exp.DataType) -> int:
    """The length of a VARCHAR in bytes."""
    if type_name(node) == "TEXT" or not node.expressions:
        return VARCHAR_MAX if _is_max(node) else VARCHAR_DEFAULT
    given = node.expressions[0].name
    return VARCHAR_MAX if given.upper() == "MAX" else int(given)


def _is_max(node: exp.DataType) -> bool:
    return bool(node.expressions) and node.expressions[0].name.upper() == "MAX"


def _rewrite_cast(node: exp.Cast) -> exp.Expr:
    target = type_name(node.to)
    if target in ("SUPER", "USERDEFINED"):
        raise not_carried("a cast to SUPER")
    if isinstance(node, exp.TryCast):
        return _rewrite_try_cast(node, target)
    value = node.this
    if target in ("VARCHAR", "NVARCHAR", "TEXT"):
        value = _call("stand_in.cut", value, exp.Literal.number(varchar_length(node.to)))
    elif target in CHECKED:
        value = _call(f"stand_in.{CHECKED[target]}", value)
    elif target == "BOOLEAN" and not is_bare_literal(value):
        value = _call("stand_in.no_text_as_boolean", value)
    return exp.Cast(this=value, to=backend_type(node.to))


def _rewrite_try_cast(node: exp.TryCast, target: str) -> exp.Expr:
    if target not in TRY_CAST_TARGETS:
        # The documented list of TRY_CAST has no BOOLEAN.
        raise RedshiftError("0A000", f"TRY_CAST to {target.lower()} is not supported")
    to = backend_type(node.to)
    if target in ("VARCHAR", "TEXT", "CHAR", "BPCHAR"):
        return _rewrite_cast(exp.Cast(this=node.this, to=node.to))
    name = exp.Literal.string(to.sql("postgres").lower())
    return exp.Cast(this=_call("stand_in.castable", node.this, name), to=to)


def _rewrite_function(node: exp.Anonymous) -> exp.Expr:
    name = node.name.lower()
    if name not in FUNCTIONS:
        return node
    if special := SPECIAL.get(name):
        return special(node)
    function = FUNCTIONS[name]
    arguments = list(node.expressions)
    if function.date_part and isinstance(arguments[0], (exp.Column, exp.Var, exp.Identifier)):
        arguments[0] = exp.Literal.string(arguments[0].name.lower())
    call = _call(function.target, *arguments)
    return _fits(call, GROWING[name]) if name in GROWING else call


def _json_extract_path_text(node: exp.Anonymous) -> exp.Expr:
    """DG: JSON_EXTRACT_PATH_TEXT: up to five levels, then null_if_invalid, FALSE unless it is given."""
    *arguments, last = node.expressions
    lenient = isinstance(last, exp.Boolean)
    path = arguments[1:] if lenient else [*arguments[1:], last]
    if not 1 <= len(path) <= 5:
        raise RedshiftError("0A000", "a JSON path has one to five levels")
    or_null = "_or_null" if lenient and last.this else ""
    return _call(f"stand_in.json_extract_path_text{or_null}", arguments[0], *path)


def _plain(word: str) -> Callable[[exp.Anonymous], exp.Expr]:
    return lambda node: _call(word, *node.expressions)


def _median(node: exp.Anonymous) -> exp.Expr:
    order = exp.Order(expressions=[exp.Ordered(this=node.expressions[0])])
    return exp.WithinGroup(this=_call("percentile_cont", exp.Literal.number("0.5")), expression=order)


SPECIAL: dict[str, Callable[[exp.Anonymous], exp.Expr]] = {
    "nvl": _plain("COALESCE"),
    "coalesce": _plain("COALESCE"),
    "greatest": _plain("GREATEST"),
    "least": _plain("LEAST"),
    "nullif": _plain("NULLIF"),
    "median": _median,
    "json_extract_path_text": _json_extract_path_text,
}

REWRITINGS: dict[type[exp.Expr], Callable[[Any], exp.Expr]] = {
    exp.Cast: _rewrite_cast,
    exp.CurrentTimestamp: _rewrite_current_time,
    exp.Anonymous: _rewrite_function,
    exp.DPipe: _rewrite_concatenation,
    exp.Extract: _rewrite_extract,
    exp.DataType: backend_type,
}
