"""PostgreSQL's refusals in Redshift's words."""

from __future__ import annotations

import re
from collections.abc import Callable

from .errors import RedshiftError
from .link import BackendError
from .work import Work

BYTES_CHECK = re.compile(r"^bytes (\d+) ")
TARGET_TABLE = re.compile(r'relation "([^"]+)"')


def translated(error: RedshiftError, work: Work) -> RedshiftError:
    """The same fault as Redshift reports it; what the front itself raised stays as it is."""
    if not isinstance(error, BackendError):
        return error
    if error.sqlstate in WORDS:
        return WORDS[error.sqlstate](error, work)
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


def _compute_node_error(text: str, code: int, work: Work) -> RedshiftError:
    lines = (
        " -----------------------------------------------",
        f"  error:  {text}",
        f"  code:      {code}",
        "  context:   query execution",
        f"  query:     {work.query_id}",
        "  location:  column.hpp:134",
        f"  process:   query0_121_{work.query_id} [pid={work.link.process_id}]",
        " -----------------------------------------------",
    )
    return RedshiftError("XX000", text, "\n".join(["", *lines, ""]))


def _cancelled(_: BackendError, work: Work) -> RedshiftError:
    """DG: r_statement_timeout."""
    return RedshiftError("57014", f"Query ({work.query_id}) canceled on user's request")


def _repeated(error: BackendError, _: Work) -> RedshiftError:
    if "MERGE" in error.message:
        return RedshiftError("XX000", "Found multiple matches to update the same tuple.")
    return RedshiftError(error.sqlstate, error.message)


def _too_long(error: BackendError, _: Work) -> RedshiftError:
    found = BYTES_CHECK.match(error.constraint)
    limit = found[1] if found else "?"
    return RedshiftError("22001", f"value too long for type character varying({limit})")


def _null(error: BackendError, work: Work) -> RedshiftError:
    return _compute_node_error(f"Cannot insert a NULL value into column {error.column}", 8007, work)


def _read_only(_: BackendError, __: Work) -> RedshiftError:
    """As seen on external queries under BEGIN READ ONLY (awslabs/mcp#3342)."""
    return RedshiftError("25006", "transaction is read-only")


WORDS: dict[str, Callable[[BackendError, Work], RedshiftError]] = {
    "40001": _conflict,
    "57014": _cancelled,
    "21000": _repeated,
    "23514": _too_long,
    "23502": _null,
    "25006": _read_only,
}
