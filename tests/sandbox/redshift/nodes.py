"""What a query may contain, node by node: the allow-list that `refusals` checks every statement against."""

from __future__ import annotations

# Which parts of a node may be filled, and the nodes for which this is so.
_NODES_BY_PARTS = {
    "this expression": "Add And EQ Escape Extract GT GTE Is LT LTE Mod Mul NEQ Or RegexpLike SimilarTo Sub",
    "this": "All Any Boolean CurrentDate CurrentSchema CurrentUser DataTypeParam Exists From Having Neg Not "
    "Null Offset Paren Qualify SessionUser Star Var Where",
    "expressions": "Cube Distinct GroupingSets Order Rollup Tuple Values",
    "this expressions": "Anonymous DataType Schema",
    "this expression distinct order limit offset with_": "Except Intersect Union",
    "this expression negate": "ILike Like",
    "this alias": "Alias CTE",
    "this zone": "AtTimeZone",
    "this low high": "Between",
    "this default ifs": "Case",
    "this to": "Cast",
    "this table db": "Column",
    "sysdate": "CurrentTimestamp",
    "this expression safe": "DPipe",
    "this using where with_": "Delete",
    "this expression typed": "Div",
    "expressions rollup cube grouping_sets": "Group",
    "this quoted": "Identifier",
    "this true": "If",
    "this expressions query": "In",
    "this expression default": "Insert",
    "this unit": "Interval",
    "this kind side on using": "Join",
    "expression": "Limit",
    "this is_string": "Literal",
    "this desc nulls_first": "Ordered",
    "expressions from_ group having joins limit offset order qualify where with_ distinct": "Select",
    "this substr": "StrPosition",
    "this alias order limit offset": "Subquery",
    "this start length": "Substring",
    "this db catalog alias joins": "Table",
    "this columns": "TableAlias",
    "this expression position": "Trim",
    "this to safe": "TryCast",
    "this expressions from_ where with_": "Update",
    "this order over partition_by spec": "Window",
    "kind start start_side end end_side": "WindowSpec",
    "expressions recursive": "With",
}
NODES = {node: frozenset(parts.split()) for parts, nodes in _NODES_BY_PARTS.items() for node in nodes.split()}
# What Redshift has not, by its name.
NAMED = {
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
}
# What Redshift has and this stand-in does not carry.
UNCARRIED = {"IgnoreNulls": "IGNORE NULLS", "Pivot": "PIVOT", "WithinGroup": "WITHIN GROUP"}
_TYPES = """
    SMALLINT INT BIGINT DECIMAL FLOAT DOUBLE BOOLEAN CHAR NCHAR VARCHAR NVARCHAR TEXT BPCHAR DATE TIME
    TIMESTAMP TIMESTAMPTZ SUPER
"""
TYPES = frozenset(_TYPES.split())
