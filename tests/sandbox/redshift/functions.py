"""The functions that Redshift is documented to have, and what answers for each of them behind the front."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Function:
    """`target` is PostgreSQL's function; those of the leader node may not meet tables.

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
    **_many("sum count min max bool_and bool_or bit_and bit_or any_value", _ONE, aggregate=True),
    **_many("stddev stddev_samp stddev_pop variance var_samp var_pop", _ONE, aggregate=True),
    **_many("avg", _ONE, own=True, aggregate=True),
    **_many(
        "abs acos asin atan cos sin tan cot degrees radians exp ln log sqrt cbrt sign ceil ceiling floor",
        _ONE,
    ),
    **_many("upper lower initcap length char_length character_length octet_length ascii chr reverse", _ONE),
    **_many("quote_ident quote_literal", _ONE),
    **_many("md5", _ONE, own=True),
    **_many("len textlen last_day is_valid_json json_parse json_serialize", _ONE, own=True),
    **_many("left right repeat strpos mod power pow atan2", _TWO),
    **_many("concat add_months sha2 strtol charindex", _TWO, own=True),
    **_many("substr", range(2, 4)),
    **_many("split_part replace translate", _THREE),
    **_many("lpad rpad", range(2, 4)),
    **_many("ltrim rtrim btrim", range(1, 3)),
    **_many("round trunc", range(1, 3), own=True),
    **_many("regexp_count regexp_substr", _TWO),
    **_many("regexp_replace", range(2, 4), own=True),
    **_many("date_part", _TWO, own=True, date_part=True),
    **_many("date_trunc", _TWO, own=True),
    **_many("dateadd datediff date_add date_diff", _THREE, own=True, date_part=True),
    **_many("to_char to_number", _TWO),
    **_many("to_date to_timestamp", range(2, 4), own=True),
    **_many("convert_timezone", range(2, 4), own=True),
    **_many("getdate", _NONE, own=True),
    **_many("random", _NONE),
    **_many("row_number rank dense_rank percent_rank cume_dist", _NONE),
    **_many("ntile first_value last_value", _ONE),
    **_many("lag lead", range(1, 4)),
    **_many("nth_value", _TWO),
    **_many("percentile_cont percentile_disc", _ONE, aggregate=True),
    **_many("grouping", range(1, 32)),
    **_many("version pg_last_query_id last_user_query_id", _NONE, own=True),
    **_many("pg_backend_pid", _NONE),
    **_many("json_extract_path_text", range(2, 8), own=True),  # up to five levels, null_if_invalid
    # What the rewriting turns into something else.
    **_many("coalesce nvl greatest least", range(1, 1000)),
    **_many("nullif", _TWO),
    **_many("nvl2", _THREE),
    **_many("decode", range(3, 1000)),
    **_many("listagg", range(1, 3), aggregate=True),
    **_many("median", _ONE, aggregate=True),
    # Only the leader node has those.
    **_many("now current_schema current_database", _NONE, leader=True),
    **_many("current_setting", _ONE, leader=True),
    **_many("age", range(1, 3), leader=True),
    **_many("has_database_privilege has_schema_privilege has_table_privilege", range(2, 4), leader=True),
    **_many("generate_series", range(2, 4), leader=True),
}
