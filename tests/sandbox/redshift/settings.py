"""SET, RESET and SHOW, for the parameters that Redshift documents."""

from __future__ import annotations

from .errors import RedshiftError
from .statements import Reader, literal
from .work import Work

# DG: cm_chap_ConfigurationRef; those in the right column are PostgreSQL's own and reach it.
CARRIED = frozenset(
    {"search_path", "statement_timeout", "datestyle", "timezone", "extra_float_digits", "application_name"}
    | {"client_encoding"}
)
REMEMBERED = {
    "query_group": "unset",
    "analyze_threshold_percent": "10",
    "enable_result_cache_for_session": "on",
    "enable_case_sensitive_identifier": "off",
    "error_on_nondeterministic_update": "off",
    "max_cursor_result_set_size": "0",
    "wlm_query_slot_count": "1",
    "spectrum_enable_pseudo_columns": "on",
    "spectrum_query_maxerror": "-1",
    "describe_field_name_in_uppercase": "off",
    "json_serialization_enable": "off",
    "auto_analyze": "on",
}
# The stand-in cannot follow these; a script that needs them would be tested for nothing.
FIXED = frozenset({"enable_case_sensitive_identifier", "describe_field_name_in_uppercase"})
SHOWN = {"server_version": "8.0.2", "server_encoding": "UNICODE", "client_encoding": "UNICODE"}


def _own_name(parameter: str) -> str:
    return f"redshift.{parameter}"


def _parameter(reader: Reader) -> str:
    if reader.take("TIME", "ZONE"):
        return "timezone"
    name = reader.identifier()
    if name not in CARRIED and name not in REMEMBERED and name not in SHOWN:
        raise RedshiftError("42704", f'unrecognized configuration parameter "{name}"')
    return name


def set_parameter(work: Work, reader: Reader) -> None:
    """SET [SESSION | LOCAL] name TO value."""
    reader.expect("SET")
    local = reader.take("LOCAL")
    if not local:
        reader.take("SESSION")
    if reader.at("SESSION") or reader.at("AUTHORIZATION"):
        raise RedshiftError("0A000", "SET SESSION is not carried by this stand-in for Redshift")
    zone = reader.at("TIME", "ZONE")
    name = _parameter(reader)
    if name in FIXED:
        raise RedshiftError("0A000", f"{name} is not carried by this stand-in for Redshift")
    if not zone and not reader.take("="):
        reader.expect("TO")
    values = _values(reader)
    target = name if name in CARRIED else _own_name(name)
    scope = "LOCAL " if local else ""
    value = "DEFAULT" if values == ["default"] else ", ".join(literal(value) for value in values)
    if name == "client_encoding":
        value = "'UTF8'"
    work.relay(f"SET {scope}{target} TO {value}")


def _values(reader: Reader) -> list[str]:
    values: list[str] = []
    while not values or reader.take(","):
        sign = "-" if reader.take("-") else ""
        values.append(sign + reader.next().text)
    reader.end()
    return values


def reset_parameter(work: Work, reader: Reader) -> None:
    """RESET name, or ALL."""
    reader.expect("RESET")
    if reader.take("ALL"):
        reader.end()
        work.relay("RESET ALL")
        return
    name = _parameter(reader)
    reader.end()
    work.relay(f"RESET {name if name in CARRIED else _own_name(name)}")


def show_parameter(work: Work, reader: Reader) -> None:
    """SHOW name: one row, its column called as the parameter."""
    reader.expect("SHOW")
    name = _parameter(reader)
    reader.end()
    if name in SHOWN:
        work.relay(f'SELECT {literal(SHOWN[name])} AS "{name}"', lambda _: "SHOW")
    elif name in CARRIED:
        work.relay(f"SHOW {name}")
    else:
        question = f"coalesce(nullif(current_setting('{_own_name(name)}', true), ''), '{REMEMBERED[name]}')"
        work.relay(f'SELECT {question} AS "{name}"', lambda _: "SHOW")
