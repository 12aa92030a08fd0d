"""The errors of the stand-in: Redshift's SQLSTATE, message and DETAIL."""

from __future__ import annotations


class RedshiftError(Exception):
    """The content of an ErrorResponse."""

    def __init__(self, sqlstate: str, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail


class ConnectionCut(Exception):
    """Drops the client's connection."""


def syntax_error(near: str | None) -> RedshiftError:
    """`near` is the offending token, None at the end of the statement."""
    where = f'at or near "{near}"' if near is not None else "at end of input"
    return RedshiftError("42601", f"syntax error {where}")


def not_supported(what: str) -> RedshiftError:
    """0A000 for what Redshift documents that it does not have."""
    return RedshiftError("0A000", f"{what} is not supported")


def not_carried(what: str) -> RedshiftError:
    """0A000 for what Redshift has or may have and this stand-in does not. The message says so."""
    return RedshiftError("0A000", f"{what} is not carried by this stand-in for Redshift")


def in_transaction_block(command: str) -> RedshiftError:
    """DG: r_ALTER_TABLE_external-table, r_DROP_TABLE, r_VACUUM_command; text as seen for CREATE."""
    return RedshiftError("25001", f"{command} cannot run inside a transaction block")


def transaction_aborted() -> RedshiftError:
    """For every statement after one that failed, until the transaction ends."""
    return RedshiftError(
        "25P02", "current transaction is aborted, commands ignored until end of transaction block"
    )


def no_such_relation(name: str) -> RedshiftError:
    """42P01 for a table, view or system view that does not exist."""
    return RedshiftError("42P01", f'relation "{name}" does not exist')


def node_error(
    text: str, code: int, context: str, query: int, *, location: str, process: str
) -> RedshiftError:
    """The form of every error of a compute node: XX000; only `code` says what is wrong.

    Seen at amazon-redshift-utils#716, pipelinewise-target-redshift#59 and rudder-server#3178.
    """
    lines = (
        " -----------------------------------------------",
        f"  error:  {text}",
        f"  code:      {code}",
        f"  context:   {context}",
        f"  query:     {query}",
        f"  location:  {location}",
        f"  process:   {process}",
        " -----------------------------------------------",
    )
    return RedshiftError("XX000", text, "\n".join(["", *lines, ""]))


def spectrum_scan_error(context: str, query: int, pid: int) -> RedshiftError:
    """The error of a scan that failed. `context` is cut to 400 characters, as Redshift does."""
    return node_error(
        "Spectrum Scan Error",
        15007,
        context[:400],
        query,
        location="dory_util.cpp:1509",
        process=f"worker_thread [pid={pid}]",
    )
