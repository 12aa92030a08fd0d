"""Names of types: Redshift has several for one type, and its views do not agree on which they show."""

from __future__ import annotations

import re

# Hive's spelling, SQL's and PostgreSQL's: clusters show each of them (aws/amazon-redshift-python-driver).
_SYNONYMS = {
    "integer": "int",
    "int4": "int",
    "int8": "bigint",
    "int2": "smallint",
    "bool": "boolean",
    "character varying": "varchar",
    "nvarchar": "varchar",
    "character": "char",
    "nchar": "char",
    "bpchar": "char",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "float8": "double precision",
    "float": "double precision",
    "double": "double precision",
    "float4": "real",
    "decimal": "numeric",
}
_TYPE = re.compile(r"([^(]*?)\s*(?:\(\s*(.*?)\s*\)\s*(.*))?")  # base, arguments, suffix (`without time zone`)


def normal(type_name: str) -> str:
    """One name for each type: `CHARACTER VARYING (10)` and `varchar(10)` are both `varchar(10)`."""
    found = _TYPE.fullmatch(" ".join(type_name.lower().split()))
    if not found:
        return type_name
    base, arguments, suffix = found[1], found[2], found[3]
    base = f"{base} {suffix}".strip() if suffix else base
    base = _SYNONYMS.get(base, base)
    if not arguments or base == "timestamp":  # a precision of 6 is the only one (DG: r_Datetime_types)
        return base
    return f"{base}({arguments.replace(' ', '')})"


def without_numbers(type_name: str) -> str:
    """A type without its lengths: `VARCHAR(256)` is `VARCHAR(n)`."""
    return re.sub(r"\d+(?=[,)])", "n", type_name)


def can_hold(found: str, expected: str) -> bool:
    """Whether a column of the found type can hold every value of the expected type: it is the same type, or a
    VARCHAR that is no shorter.
    """
    width, least = _width(found), _width(expected)
    if width and least:
        return width >= least
    return normal(found) == normal(expected)


def _width(type_name: str) -> int | None:
    """The bytes of a VARCHAR; None for another type."""
    found = re.fullmatch(r"varchar\((\d+)\)", normal(type_name))
    return int(found[1]) if found else None
