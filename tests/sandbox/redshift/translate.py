"""Translates PostgreSQL's errors to Redshift's."""

from __future__ import annotations

import re
from collections.abc import Callable

from .differences import Difference
from .errors import RedshiftError, node_error
from .link import BackendError
from .work import Work

BYTES_CHECK = re.compile(r"^bytes (\d+) ")
LENGTH = re.compile(r"for type (.+)$")
QUOTED = re.compile(r'"(.*)"', re.DOTALL)
TARGET_TABLE = re.compile(r'relation "([^"]+)"')
BYTES_OF = {"smallint": 2, "integer": 4, "bigint": 8}
# Class 22 of PostgreSQL: a value is at fault.
DATA_CLASS = "22"


def translated(error: RedshiftError, work: Work) -> RedshiftError:
    """The error as Redshift reports it. An error of the front is returned unchanged."""
    if not isinstance(error, BackendError):
        return error
    if error.sqlstate in WORDS:
        return WORDS[error.sqlstate](error, work)
    if work.on_nodes and error.sqlstate.startswith(DATA_CLASS):
        return NODE_WORDS.get(error.sqlstate, _data)(error, work)
    return RedshiftError(error.sqlstate, error.message, error.detail)


def _conflict(error: BackendError, work: Work) -> RedshiftError:
    """As clients report it (aws-sdk-pandas#665, dbt-core#2967): never 40001."""
    if work.cluster.isolation == "SNAPSHOT":
        return RedshiftError("XX000", "could not complete because of conflict with concurrent transaction")
    found = TARGET_TABLE.search(error.message)
    table = found[1] if found else "100000"
    own = work.link.process_id
    detail = (
        f"Serializable isolation violation on table - {table}, "
        f"transactions forming the cycle are: {own}, {own + 1} (pid:{own})"
    )
    return RedshiftError("XX000", "1023", detail)


def _compute_node_error(
    text: str, code: int, work: Work, *, context: str = "query execution"
) -> RedshiftError:
    process = f"query0_121_{work.query_id} [pid={work.link.process_id}]"
    return node_error(text, code, context, work.query_id, location="column.hpp:134", process=process)


def _cancelled(_: BackendError, work: Work) -> RedshiftError:
    """DG: r_statement_timeout."""
    return RedshiftError("57014", f"Query ({work.query_id}) canceled on user's request")


def _too_long_in_bytes(error: BackendError, work: Work) -> RedshiftError:
    found = BYTES_CHECK.match(error.constraint)
    return _longer_than(f"character varying({found[1] if found else '?'})", work)


def _too_long(error: BackendError, work: Work) -> RedshiftError:
    found = LENGTH.search(error.message)
    return _longer_than(found[1] if found else "?", work)


def _longer_than(type_name: str, work: Work) -> RedshiftError:
    """Seen from compute nodes and from the leader (airbytehq/airbyte#2988)."""
    context = f"Value too long for type {type_name}"
    if Difference.TOO_LONG_CODE in work.cluster.differs:
        return _compute_node_error("Assert", 9999, work)
    if Difference.TOO_LONG_ON_LEADER in work.cluster.differs:
        return RedshiftError("22001", context.lower())
    return _compute_node_error("Value too long for character type", 8001, work, context=context)


def _concatenation(error: BackendError, work: Work) -> RedshiftError:
    return _compute_node_error(error.message, 8001, work)


def _digit(error: BackendError, work: Work) -> RedshiftError:
    """The context is the value itself (OHDSI/SqlRender#276)."""
    found = QUOTED.search(error.message)
    value = found[1] if found else ""
    digit = re.search(r"[^0-9+-]", value)
    at, sign = (digit.start(), digit[0]) if digit else (0, "")
    text = f"Invalid digit, Value '{sign}', Pos {at}, Type: Integer"
    return _compute_node_error(text, 1207, work, context=value)


def _range(error: BackendError, work: Work) -> RedshiftError:
    """Seen at OHDSI/PatientLevelPrediction#273 and amazon-redshift-utils#114."""
    size = next((size for name, size in BYTES_OF.items() if name in error.message), None)
    if size is None:
        text = "Numeric data overflow (result precision)"
        return _compute_node_error(text, 1058, work, context="64 bit overflow")
    found = QUOTED.search(error.message)
    context = f"Input:{found[1] if found else ''}."
    return _compute_node_error(f"Value out of range for {size} bytes.", 8001, work, context=context)


def _time(error: BackendError, work: Work) -> RedshiftError:
    """DG: r_Load_Error_Reference names both codes for loads; for casts none was found."""
    kind, code = ("timestamp", 1206) if "timestamp" in error.message else ("date", 1205)
    if Difference.DATE_CODE in work.cluster.differs:
        code = 1216
    return _compute_node_error(f"Invalid {kind} format or value", code, work, context=error.message)


def _data(error: BackendError, work: Work) -> RedshiftError:
    """Redshift's code for this was not found. Errors of compute nodes are XX000."""
    return _compute_node_error("Invalid data", 8001, work, context=error.message)


def _null(error: BackendError, work: Work) -> RedshiftError:
    if Difference.NULL_STATE in work.cluster.differs:
        return RedshiftError("23502", error.message)
    return _compute_node_error(f"Cannot insert a NULL value into column {error.column}", 8007, work)


Translation = Callable[[BackendError, Work], RedshiftError]
WORDS: dict[str, Translation] = {
    "40001": _conflict,
    "57014": _cancelled,
    "22001": _too_long,
    "23514": _too_long_in_bytes,
    "23502": _null,
    "54000": _concatenation,  # raised by the stand-in's own functions
}
# The errors of a statement that reads or writes tables: its expressions run on the compute nodes.
NODE_WORDS: dict[str, Translation] = {"22003": _range, "22007": _time, "22008": _time, "22P02": _digit}
