"""What a refusal of Redshift means: which may pass, which can be sent again, and the operator's cure.

Redshift's own text is in a sentence only where it cannot hold a record's data.
"""

from __future__ import annotations

from typing import Any

from attendance_common.errors import WarehouseError

SETUP = "run redshift_period_attendance_setup.sql with psql"


class Conflict(WarehouseError):
    """Another transaction got in the way, or the connection broke: what was rolled back can be done again."""


class Canceled(WarehouseError):
    """A statement took longer than statement_timeout."""


class Locked(WarehouseError):
    """The lock that loads queue for was not free in time."""


class Unreadable(WarehouseError):
    """What lies in the landing zone is not what the table declares: other partitions may be."""


# Redshift says 1023 as XX000, not as 40001 (aws-sdk-pandas#665); the texts are those seen in public reports.
_CONFLICT_MESSAGES = ("1023", "1018")  # whole; a file's name may hold the digits
_CONFLICT_SIGNS = (
    "Serializable isolation violation",
    "conflict with concurrent transaction",
    "Partition already exists",  # Glue, when another loader registers it at this moment
)
_CONFLICT_STATES = ("40001", "40P01", "57P01", "57P02", "57P03")
# What Glue and IAM say names roles and tables, and holds no data (DG: c-spectrum-troubleshooting).
_CATALOG_SIGNS = ("external catalog API", "is not authorized to", "into local catalog")
# Of them, those in which Glue itself is the fault (Glue API: common errors; dbt-external-tables#2).
_CATALOG_MAY_PASS = ("Rate exceeded", "Throttl", "curl", "timed out", "InternalService", "ServiceUnavailable")
_MISSING = f"a table, schema or column is missing, {SETUP}"
_STATES = {
    "42P01": _MISSING,
    "3F000": _MISSING,
    "42703": _MISSING,
    "42501": "the database user lacks a right that the README's prerequisites name",
}


def is_conflict(state: str, text: str) -> bool:
    """Whether the same statements may succeed when they are sent again."""
    if state == "XX000":
        return first_line(text) in _CONFLICT_MESSAGES or any(sign in text for sign in _CONFLICT_SIGNS)
    return state in _CONFLICT_STATES


def of_statement(state: str, text: str, parameters: dict[str, Any]) -> WarehouseError:
    """The error that a SQLSTATE and its text stand for; no SQLSTATE: there is no connection."""
    if is_conflict(state, text):
        return Conflict(f"Redshift: another transaction got in the way ({state})")
    if not state:
        return _no_connection(text, parameters)
    if "Spectrum Scan Error" in text:
        return _scan_error(state, text)
    if any(sign in text for sign in _CATALOG_SIGNS):
        return _catalog_error(text)
    return _by_state(state, text)


def _by_state(state: str, text: str) -> WarehouseError:
    sentence = "Redshift refused a statement"
    if state == "57014":
        return Canceled(f"{sentence} with SQLSTATE {state}: it took longer than statement_timeout")
    if state.startswith("22"):
        return Unreadable(f"{sentence} with SQLSTATE {state}: see the README, 'Date Parse Error'")
    if state in _STATES or state.startswith("42"):
        return WarehouseError(f"{_STATES.get(state, sentence)}: {first_line(text)} ({state})", to_mend=True)
    return WarehouseError(f"{sentence} with SQLSTATE {state}")


def _scan_error(state: str, text: str) -> WarehouseError:
    """An object that is not what the table declares; or, where S3 denied it, the role's fault."""
    context = next((line for line in text.splitlines() if "context:" in line), "no context")
    sentence = f"Spectrum Scan Error, {' '.join(context.split())}: see the README's troubleshooting"
    denied = "Access Denied" in text or "AccessDenied" in text
    if denied and not state.startswith("22"):
        return WarehouseError(sentence, to_mend=True)
    return Unreadable(sentence)


def _catalog_error(text: str) -> WarehouseError:
    if any(sign in text for sign in _CATALOG_MAY_PASS):
        return WarehouseError(f"the Glue Data Catalog did not answer as it should ({first_line(text)})")
    sentence = "Spectrum's IAM role or its policy is wrong, see the README"
    return WarehouseError(f"{sentence} ({first_line(text)})", to_mend=True)


def _no_connection(text: str, parameters: dict[str, Any]) -> WarehouseError:
    """By libpq's own sentences (fe-connect.c, fe-secure-openssl.c) and the server's at log-in."""
    to_mend = True
    broke_off = "SYSCALL" in text or "unexpectedly" in text
    if "authentication failed" in text or "pg_hba.conf" in text:
        sentence = "refuses the user or the password: check REDSHIFT_USER and REDSHIFT_SECRET_ID"
    elif "certificate" in text or ("SSL" in text and not broke_off):
        sentence = "cannot be verified by TLS: check REDSHIFT_HOST, REDSHIFT_SSLMODE and REDSHIFT_SSLROOTCERT"
    elif "does not exist" in text:
        sentence = "has no such database: check REDSHIFT_DATABASE"
    else:
        to_mend = False
        sentence = "cannot be reached: check REDSHIFT_HOST, REDSHIFT_PORT, and that the cluster is awake"
    place = f"Redshift {parameters['host']}:{parameters['port']}"
    return WarehouseError(f"{place} {sentence} ({first_line(text)})", to_mend=to_mend)


def first_line(text: str) -> str:
    """The first line of a text; `no text` when there is none."""
    return text.strip().splitlines()[0] if text.strip() else "no text"
