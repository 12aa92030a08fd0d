"""What may stand in a query. An allow-list: what is not known to be Redshift's is refused, never passed on.

Sources: DG r_SELECT_synopsis, r_INSERT_30, r_DELETE, r_UPDATE, r_MERGE, c_unsupported-postgresql-features,
c_unsupported-postgresql-functions, c_unsupported-postgresql-datatypes, r_pg_keywords.
"""

from __future__ import annotations

from sqlglot import exp

from .errors import RedshiftError, not_carried, not_supported, syntax_error
from .functions import FUNCTIONS, Function

_BINARY = "this expression"
# Every node that may occur, and which of its parts may be filled.
NODES: dict[str, frozenset[str]] = {
    name: frozenset(parts.split())
    for name, parts in {
        **dict.fromkeys(
            "Add And DPipe EQ GT GTE Like ILike LT LTE Mod Mul NEQ Or SimilarTo Sub".split(), _BINARY
        ),
        **dict.fromkeys("Escape Except Intersect Is RegexpILike RegexpLike Union".split(), _BINARY),
        **dict.fromkeys(
            "All Any CurrentDate CurrentTimestamp CurrentUser DataTypeParam Exists".split(), "this"
        ),
        **dict.fromkeys(
            "From Having Neg Not Null Offset Paren Qualify SessionUser Star Var Where".split(), "this"
        ),
        **dict.fromkeys("CurrentSchema Boolean".split(), "this"),
        **dict.fromkeys("Cube Distinct GroupingSets Order Rollup Tuple Values Whens".split(), "expressions"),
        "Alias": "this alias",
        "Anonymous": "this expressions",
        "AtTimeZone": "this zone",
        "Between": "this low high",
        "CTE": "this alias",
        "Case": "this default ifs",
        "Cast": "this to",
        "Column": "this table db",
        "CurrentTimestamp": "sysdate",
        "DPipe": "this expression safe",
        "DataType": "this expressions",
        "Delete": "this using where with_",
        "Div": "this expression typed",
        "Extract": "this expression",
        "Group": "expressions rollup cube grouping_sets",
        "Identifier": "this quoted",
        "If": "this true",
        "In": "this expressions query",
        "Insert": "this expression default",
        "Interval": "this unit",
        "Join": "this kind side on using",
        "Like": "this expression negate",
        "ILike": "this expression negate",
        "Limit": "expression",
        "Literal": "this is_string",
        "Merge": "this using on whens",
        "Ordered": "this desc nulls_first",
        "Schema": "this expressions",
        "Select": "expressions from_ group having joins limit offset order qualify where with_ distinct",
        "StrPosition": "this substr",
        "Subquery": "this alias order limit offset",
        "Substring": "this start length",
        "Table": "this db catalog alias joins",
        "TableAlias": "this columns",
        "Trim": "this expression position",
        "TryCast": "this to safe",
        "Update": "this expressions from_ where with_",
        "When": "matched then",
        "Window": "this order over partition_by spec",
        "WindowSpec": "kind start start_side end end_side",
        "With": "expressions recursive",
        "WithinGroup": "this expression",
    }.items()
}
_SET_OPERATION = frozenset("this expression distinct order limit offset with_".split())
NODES |= {"Union": _SET_OPERATION, "Except": _SET_OPERATION, "Intersect": _SET_OPERATION}

NAMED: dict[str, str] = {
    "NullSafeNEQ": "IS DISTINCT FROM",
    "NullSafeEQ": "IS NOT DISTINCT FROM",
    "Returning": "RETURNING",
    "OnConflict": "ON CONFLICT",
    "Filter": "FILTER",
    "Lateral": "LATERAL",
    "TableSample": "TABLESAMPLE",
    "Lock": "FOR UPDATE",
    "Fetch": "FETCH FIRST",
    "Array": "ARRAY",
    "Bracket": "a subscript",
    "ObjectIdentifier": "an object identifier type",
    "IgnoreNulls": "IGNORE NULLS, by this stand-in: it",
    "Pivot": "PIVOT, by this stand-in: it",
}
TYPES = frozenset(
    "SMALLINT INT BIGINT DECIMAL FLOAT DOUBLE BOOLEAN CHAR NCHAR VARCHAR NVARCHAR TEXT BPCHAR DATE TIME "
    "TIMESTAMP TIMESTAMPTZ".split()
)
RESERVED = frozenset(
    "aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup between "
    "binary blanksasnull both bytedict bzip2 case cast check collate column connect constraint create credentials "
    "cross current_date current_time current_timestamp current_user current_user_id default deferrable deflate "
    "defrag delta delta32k desc disable distinct do else emptyasnull enable encode encrypt encryption end except "
    "explicit false for foreign freeze from full globaldict256 globaldict64k grant group gzip having identity "
    "ignore ilike in initially inner intersect interval into is isnull join language leading left like limit "
    "localtime localtimestamp lun luns lzo lzop minus mostly16 mostly32 mostly8 natural new not notnull null nulls "
    "off offline offset oid old on only open or order outer overlaps parallel partition percent permissions pivot "
    "placing primary raw readratio recover references rejectlog resort respect restore right select session_user "
    "similar snapshot some sysdate system table tag tdes text255 text32k then timestamp to top trailing true "
    "truncatecolumns union unique unnest unpivot user using verbose wallet when where with without".split()
)


def check(tree: exp.Expr) -> None:
    """Raises what Redshift says of the first thing in the tree that it does not have."""
    for node in tree.walk():
        _check_node(node)
        if isinstance(node, exp.Anonymous):
            _check_function(node)
        elif isinstance(node, exp.DataType):
            check_type(node)
        elif isinstance(node, exp.Identifier):
            _check_identifier(node)
        elif isinstance(node, exp.Values):
            _check_values(node)
        elif isinstance(node, (exp.Interval, exp.CTE, exp.Insert)):
            _check_place(node)


def _check_node(node: exp.Expr) -> None:
    kind = type(node).__name__
    if what := NAMED.get(kind):
        raise not_supported(what)
    if (allowed := NODES.get(kind)) is None:
        raise not_supported(f"{node.key.upper()}")
    for part, value in node.args.items():
        if part not in allowed and value not in (None, False, [], ""):
            raise _part_refusal(node, part, value)


def _part_refusal(node: exp.Expr, part: str, value: object) -> RedshiftError:
    if isinstance(value, list) and value and isinstance(value[0], exp.Expr):
        value = value[0]
    if isinstance(value, exp.Expr) and (what := NAMED.get(type(value).__name__)):
        return not_supported(what)
    if part == "on" and isinstance(node, exp.Distinct):
        return not_supported("DISTINCT ON")
    if part == "with_":
        return syntax_error("WITH")
    return not_supported(f"{part.strip('_').replace('_', ' ').upper()} in {node.key.upper()}")


def _check_function(call: exp.Anonymous) -> Function:
    name = call.name.lower()
    count = len(call.expressions)
    function = FUNCTIONS.get(name)
    if function is None or count not in function.arity:
        arguments = ", ".join(["unknown"] * count)
        raise RedshiftError("42883", f"function {name}({arguments}) does not exist")
    if isinstance(call.parent, exp.Dot):
        raise not_carried("a function of a schema")
    return function


def check_type(node: exp.DataType) -> None:
    """0A000 or 42704 for a type that Redshift has no column or cast for."""
    name = node.this.name if isinstance(node.this, exp.DType) else str(node.this)
    if name not in TYPES or node.args.get("nested"):
        raise RedshiftError("42704", f'type "{node.sql("postgres").lower()}" does not exist')


def _check_identifier(node: exp.Identifier) -> None:
    if node.args.get("quoted") or node.name.lower() not in RESERVED:
        return
    parent = node.parent
    if isinstance(parent, exp.Alias) or node.name.lower() in ("oid", "default"):
        return  # After AS any word may stand; DEFAULT is a value of INSERT and UPDATE.
    raise syntax_error(node.name)


def _check_values(node: exp.Values) -> None:
    if not isinstance(node.parent, exp.Insert):
        raise syntax_error("VALUES")


def _check_place(node: exp.Expr) -> None:
    if isinstance(node, exp.CTE) and not isinstance(node.this, exp.Query):
        raise syntax_error(node.this.key.upper())
    if isinstance(node, exp.Insert) and isinstance(node.parent, (exp.CTE, exp.Subquery)):
        raise syntax_error("INSERT")
    if isinstance(node, exp.Interval) and not isinstance(node.this, exp.Literal):
        raise syntax_error("INTERVAL")
