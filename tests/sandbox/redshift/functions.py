"""The functions of Redshift: which PostgreSQL function carries out each, and which are not carried."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """`target` is PostgreSQL's function. `leader`: not in a statement that reads tables.

    DG: c_SQL_functions_leader_node_only.
    """

    target: str
    arity: frozenset[int]
    leader: bool = False
    date_part: bool = False
    aggregate: bool = False


def _many(words: str, arity: range, *, own: bool = False, **kinds: bool) -> dict[str, Function]:
    prefix = "stand_in." if own else "pg_catalog."
    return {word: Function(prefix + word, frozenset(arity), **kinds) for word in words.split()}


_ONE, _TWO, _THREE, _NONE = range(1, 2), range(2, 3), range(3, 4), range(1)

FUNCTIONS: dict[str, Function] = {
    **_many("sum count min max", _ONE, aggregate=True),
    **_many("avg", _ONE, own=True, aggregate=True),
    **_many("upper lower octet_length", _ONE),
    **_many("md5 len is_valid_json json_parse json_serialize", _ONE, own=True),
    **_many("left right repeat strpos regexp_substr to_char", _TWO),
    **_many("concat date_trunc", _TWO, own=True),
    **_many("replace", _THREE),
    **_many("lpad", range(2, 4)),
    **_many("ltrim", range(1, 3)),
    **_many("round", range(1, 3), own=True),
    **_many("dateadd datediff", _THREE, own=True, date_part=True),
    **_many("to_date", range(2, 4), own=True),
    **_many("row_number", _NONE),
    **_many("pg_backend_pid", _NONE),
    **_many("getdate version pg_last_query_id last_user_query_id", _NONE, own=True),
    **_many("json_extract_path_text", range(2, 8), own=True),  # up to five levels, null_if_invalid
    # The rewriting turns these into something else.
    **_many("coalesce nvl greatest least", range(1, 1000)),
    **_many("nullif", _TWO),
    **_many("median", _ONE, aggregate=True),
    # Only the leader node has these.
    **_many("now current_schema current_database", _NONE, leader=True),
    **_many("generate_series", range(2, 4), leader=True),
}
# Redshift has these as well. No script and no test of the scripts calls them.
_UNCARRIED = """
    abs acos add_months age any_value ascii asin atan atan2 bit_and bit_or bool_and bool_or btrim cbrt
    ceil ceiling char_length character_length charindex chr convert_timezone cos cot cume_dist
    current_setting date_add date_diff date_part decode degrees dense_rank exp first_value floor
    grouping has_database_privilege has_schema_privilege has_table_privilege initcap lag last_day
    last_value lead length listagg ln log mod nth_value ntile nvl2 percent_rank percentile_cont
    percentile_disc pg_terminate_backend pow power quote_ident quote_literal radians random rank
    regexp_count regexp_replace reverse rpad rtrim sha2 sign sin split_part sqrt stddev stddev_pop
    stddev_samp strtol substr tan textlen to_number to_timestamp translate trunc var_pop var_samp
    variance
"""
UNCARRIED_FUNCTIONS = frozenset(_UNCARRIED.split())
