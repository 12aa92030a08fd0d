"""What a refusal of Redshift means: whether it may pass, whether to send it again, and the operator's cure.

A sentence quotes Redshift's own text only where that cannot have a record's data in it; its numbers always.
"""

from __future__ import annotations

from typing import Any

from attendance_common.errors import WarehouseError
from attendance_common.load import node_error
from attendance_common.load.node_error import NodeError, has_words

_REFUSED = "Redshift refused a statement"
SETUP = "run redshift_period_attendance_setup.sql with psql"


class Conflict(WarehouseError):
    """Another transaction conflicted, or the connection broke: it was rolled back, and can be done again."""


class Canceled(WarehouseError):
    """A statement took longer than statement_timeout."""


class Locked(WarehouseError):
    """Another load held the lock for longer than this one waits."""


class Unreadable(WarehouseError):
    """Rows in the landing zone are not what the table declares; rows of other lists may be."""


# Redshift reports these as XX000, not as 40001 (aws-sdk-pandas#665); the texts are from public reports.
_CONFLICT_CODES = (1018, 1023)
_CONFLICT_SIGNS = (
    "serializable isolation violation",
    "conflict with concurrent transaction",
    "partition already exists",  # Glue, when another loader registers it at this moment
)
_CONFLICT_STATES = ("40001", "40P01", "57P01", "57P02", "57P03")

# Redshift's own words that have no data in them, and the cure.
_OWN_WORDS_MAY_PASS = {
    "Disk Full": "the cluster has no space left, so free some or add nodes",
    "out of memory": "let other queries end, or give the loader's queue more memory",
    "transaction is read-only": "a resize of the cluster may be under way",
}
_REPORT = "the cluster does not take this version's SQL, so report it"
_OWN_WORDS_TO_MEND = {
    "canceled by WLM": "a rule of the loader's queue stopped it, so give REDSHIFT_USER another queue",
    "cancelled by WLM": "a rule of the loader's queue stopped it, so give REDSHIFT_USER another queue",
    "This type of correlated subquery pattern is not supported": _REPORT,
    "failed to find conversion function from": _REPORT,
    "Insufficient Lake Formation permission(s)": "in Lake Formation, grant the IAM role of Spectrum SELECT "
    "on the Glue table and DESCRIBE on its database",
}
# The words of Glue and IAM name roles and tables, and have no data in them (DG: c-spectrum-troubleshooting).
_CATALOG_SIGNS = (
    "external catalog api",
    "is not authorized to",
    "into local catalog",
    "not authorized to get credentials of role",
    "is not associated to cluster",
    "is not associated with this cluster",
)
# Of them, those that are faults of Glue itself (Glue API: common errors; dbt-external-tables#2).
_CATALOG_MAY_PASS = ("rate exceeded", "throttl", "curl", "timed out", "internalservice", "serviceunavailable")

# The rows of some lists are at fault, so the batch is halved: recognized by the code, else by the words.
_TOO_LONG = "a value is longer than its column"
_NULL = "NULL lies where a value is required"
_DATA_CODES = {8001: _TOO_LONG, 8007: _NULL, 15007: "an object is not what the external table declares"}
_DATA_WORDS = {"value too long for": _TOO_LONG, "Cannot insert a NULL value": _NULL}
# Texts, dates and numbers that a column cannot hold (DG: r_Load_Error_Reference).
_PARSE_CODES = range(1200, 1300)

_MISSING = f"a table, schema or column is missing, {SETUP}"
_STATES = {
    "42P01": _MISSING,
    "3F000": _MISSING,
    "42703": _MISSING,
    "42501": "the database user lacks a right that docs/operations.md (Rights) names",
}


def is_conflict(state: str, text: str) -> bool:
    """Whether the same statements may succeed when they are sent again."""
    if state == "XX000":
        return node_error.parse(text).code in _CONFLICT_CODES or has_words(text, *_CONFLICT_SIGNS)
    return state in _CONFLICT_STATES


def of_statement(state: str, text: str, parameters: dict[str, Any]) -> WarehouseError:
    """The error that a SQLSTATE and its text mean; an empty SQLSTATE: Redshift could not be connected to."""
    node = node_error.parse(text)
    error = _meaning(state, text, node, parameters)
    error.numbers = _numbers(state, node)
    return error


def _meaning(state: str, text: str, node: NodeError, parameters: dict[str, Any]) -> WarehouseError:
    if is_conflict(state, text):
        return Conflict(
            f"Redshift: another transaction got in the way ({_numbers(state, node)})", query=node.query
        )
    if not state:
        return _no_connection(text, parameters)
    if node_error.is_scan_error(text):
        return _scan_error(state, text, node)
    if words := _own_words(text):
        return _by_own_words(state, words, node)
    if has_words(text, *_CATALOG_SIGNS):
        return _catalog_error(state, text, node)
    return _by_number(state, text, node)


def _own_words(text: str) -> str | None:
    return next((each for each in [*_OWN_WORDS_MAY_PASS, *_OWN_WORDS_TO_MEND] if has_words(text, each)), None)


def _by_own_words(state: str, words: str, node: NodeError) -> WarehouseError:
    cure = (_OWN_WORDS_MAY_PASS | _OWN_WORDS_TO_MEND)[words]
    sentence = f"{_REFUSED} with SQLSTATE {_numbers(state, node)}: {words}: {cure}"
    return WarehouseError(sentence, to_mend=words in _OWN_WORDS_TO_MEND, query=node.query)


def _numbers(state: str, node: NodeError) -> str:
    """`XX000, code: 8001`."""
    return state if node.code is None else f"{state}, code: {node.code}"


def _by_number(state: str, text: str, node: NodeError) -> WarehouseError:
    numbers = _numbers(state, node)
    refused = f"{_REFUSED} with SQLSTATE {numbers}"
    if state == "57014":
        return Canceled(
            f"{refused}: it was canceled, or took longer than statement_timeout", query=node.query
        )
    if fault := _DATA_CODES.get(node.code or 0) or _by_data_words(text):
        return Unreadable(f"{refused}: {fault}, see docs/operations.md, 'Value Error'", query=node.query)
    if node.code in _PARSE_CODES or state.startswith("22"):
        return Unreadable(f"{refused}: see docs/operations.md, 'Date Parse Error'", query=node.query)
    if state in _STATES or state.startswith("42"):
        return WarehouseError(
            f"{_STATES.get(state, _REFUSED)}: {first_line(text)} ({numbers})", to_mend=True, query=node.query
        )
    return WarehouseError(refused, query=node.query)


def _by_data_words(text: str) -> str | None:
    return next((fault for words, fault in _DATA_WORDS.items() if has_words(text, words)), None)


def _scan_error(state: str, text: str, node: NodeError) -> WarehouseError:
    """An object that is not what the table declares; or, where S3 denied it, the role's fault."""
    context = node_error.scan_context(text)
    sentence, for_report = (
        f"Spectrum Scan Error, {shown} ({_numbers(state, node)}): see docs/operations.md, Troubleshooting"
        for shown in (context, node_error.without_names(context))
    )
    denied = any(sign in context for sign in ("Access Denied", "AccessDenied", "not authorized to perform"))
    if denied and not state.startswith("22"):
        return WarehouseError(sentence, to_mend=True, query=node.query, for_report=for_report)
    return Unreadable(sentence, query=node.query, for_report=for_report)


def _catalog_error(state: str, text: str, node: NodeError) -> WarehouseError:
    detail = f"({first_line(text)}; {_numbers(state, node)})"
    if has_words(text, *_CATALOG_MAY_PASS):
        return WarehouseError(f"the Glue Data Catalog did not answer as it should {detail}", query=node.query)
    wrong = "Spectrum's IAM role or its policy is wrong, see docs/operations.md"
    # IAM names the object that the role may not read, by its ARN.
    for_report = f"{wrong} ({_numbers(state, node)})" if ":s3:::" in text else None
    return WarehouseError(f"{wrong} {detail}", to_mend=True, query=node.query, for_report=for_report)


_TLS = "cannot be verified by TLS: check REDSHIFT_HOST, REDSHIFT_SSLMODE and REDSHIFT_SSLROOTCERT"


def _no_connection(text: str, parameters: dict[str, Any]) -> WarehouseError:
    """By libpq's own sentences (fe-connect.c, fe-secure-openssl.c) and the server's at log-in."""
    to_mend = True
    broke_off = "SYSCALL" in text or "unexpectedly" in text
    if "authentication method" in text:  # of a password that is kept as SHA-256 (django-redshift-backend#146)
        sentence = "keeps the password in a form that libpq cannot use: ALTER USER … PASSWORD sets it as MD5"
    elif "authentication failed" in text or "pg_hba.conf" in text:
        sentence = "refuses the user or the password: check REDSHIFT_USER and REDSHIFT_SECRET_ID"
    elif "does not match host name" in text:
        sentence = f"{_TLS}; through a tunnel, set PGHOSTADDR=127.0.0.1 and leave REDSHIFT_HOST the cluster's"
    elif "certificate" in text or ("SSL" in text and not broke_off):
        sentence = _TLS
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
