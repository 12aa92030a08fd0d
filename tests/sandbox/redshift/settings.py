"""SET and SHOW, for the parameters that Redshift documents."""

from __future__ import annotations

from .errors import RedshiftError, not_carried
from .statements import Reader, literal
from .work import Work

# DG: cm_chap_ConfigurationRef. PostgreSQL has these itself.
CARRIED = frozenset(
    ["search_path", "statement_timeout", "datestyle", "timezone", "extra_float_digits", "application_name"]
)
_UNCARRIED = """
    analyze_threshold_percent auto_analyze client_encoding describe_field_name_in_uppercase
    enable_case_sensitive_identifier
    enable_result_cache_for_session error_on_nondeterministic_update json_serialization_enable
    max_cursor_result_set_size query_group server_encoding server_version spectrum_enable_pseudo_columns
    spectrum_query_maxerror wlm_query_slot_count
"""
UNCARRIED = frozenset(_UNCARRIED.split())


def _parameter(reader: Reader) -> str:
    if reader.take("TIME", "ZONE"):
        return "timezone"
    name = reader.identifier()
    if name in UNCARRIED:
        raise not_carried(f"the parameter {name}")
    if name not in CARRIED:
        raise RedshiftError("42704", f'unrecognized configuration parameter "{name}"')
    return name


def set_parameter(work: Work, reader: Reader) -> None:
    """SET [SESSION | LOCAL] name TO value."""
    reader.expect("SET")
    local = reader.take("LOCAL")
    if not local:
        reader.take("SESSION")
    if reader.at("SESSION") or reader.at("AUTHORIZATION"):
        raise not_carried("SET SESSION AUTHORIZATION")
    zone = reader.at("TIME", "ZONE")
    name = _parameter(reader)
    if not zone and not reader.take("="):
        reader.expect("TO")
    values = _values(reader)
    value = "DEFAULT" if values == ["default"] else ", ".join(literal(value) for value in values)
    work.relay(f"SET {'LOCAL ' if local else ''}{name} TO {value}")


def _values(reader: Reader) -> list[str]:
    values: list[str] = []
    while not values or reader.take(","):
        sign = "-" if reader.take("-") else ""
        values.append(sign + reader.next().text)
    reader.end()
    return values


def show_parameter(work: Work, reader: Reader) -> None:
    """SHOW name: one row, its column called as the parameter."""
    reader.expect("SHOW")
    name = _parameter(reader)
    reader.end()
    work.relay(f"SHOW {name}")
