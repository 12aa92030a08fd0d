"""PostgreSQL's refusals in Redshift's words."""

from __future__ import annotations

import re

from .errors import RedshiftError
from .link import BackendError
from .work import Work

BYTES_CHECK = re.compile(r"^bytes (\d+) ")
TARGET_TABLE = re.compile(r'relation "([^"]+)"')


def translated(error: RedshiftError, work: Work) -> RedshiftError:
    """The same fault as Redshift reports it; what the front itself raised stays as it is."""
    if not isinstance(error, BackendError):
        return error
    sqlstate = error.sqlstate
    if sqlstate == "40001":
        return _conflict(error, work)
    if sqlstate == "57014":
        # DG: r_statement_timeout
        return RedshiftError("57014", f"Query ({work.query_id}) canceled on user's request")
    if sqlstate == "21000" and "MERGE" in error.message:
        return RedshiftError("XX000", "Found multiple matches to update the same tuple.")
    if sqlstate == "23514" and (found := BYTES_CHECK.match(error.constraint)):
        return RedshiftError("22001", f"value too long for type character varying({found[1]})")
    if sqlstate == "23502":
        return _compute_node_error(f"Cannot insert a NULL value into column {error.column}", 8007, work)
    return RedshiftError(sqlstate, error.message, error.detail)


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
