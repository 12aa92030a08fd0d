"""What the stand-in says no with: Redshift's SQLSTATE, text and DETAIL."""

from __future__ import annotations


class RedshiftError(Exception):
    """An ErrorResponse to be: five characters of `sqlstate`, and what a client reads."""

    def __init__(self, sqlstate: str, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.message = message
        self.detail = detail


class ConnectionCut(Exception):
    """The stand-in was told to drop the connection here."""


def syntax_error(near: str | None) -> RedshiftError:
    """`near` is the offending token, None at the end of the statement."""
    where = f'at or near "{near}"' if near is not None else "at end of input"
    return RedshiftError("42601", f"syntax error {where}")


def not_supported(what: str) -> RedshiftError:
    """Redshift documents that it does not have `what`."""
    return RedshiftError("0A000", f"{what} is not supported")


def not_carried(what: str) -> RedshiftError:
    """Redshift has it or may have it, but the stand-in does not, and says that it is not Redshift's fault."""
    return RedshiftError("0A000", f"{what} is not carried by this stand-in for Redshift")


def in_transaction_block(command: str) -> RedshiftError:
    """DG: r_ALTER_TABLE_external-table, r_DROP_TABLE, r_VACUUM_command; text as seen for CREATE."""
    return RedshiftError("25001", f"{command} cannot run inside a transaction block")


def transaction_aborted() -> RedshiftError:
    """Every statement after the one that failed, until the block ends."""
    return RedshiftError(
        "25P02", "current transaction is aborted, commands ignored until end of transaction block"
    )


def no_such_relation(name: str) -> RedshiftError:
    """A table, view or system view that Redshift does not have."""
    return RedshiftError("42P01", f'relation "{name}" does not exist')


def node_error(
    text: str, code: int, context: str, query: int, *, location: str, process: str
) -> RedshiftError:
    """The shape of every error of a compute node, whatever it is about: XX000, told apart by its code.

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
    """A scan that failed; `context` is cut as Redshift cuts it."""
    return node_error(
        "Spectrum Scan Error",
        15007,
        context[:400],
        query,
        location="dory_util.cpp:1509",
        process=f"worker_thread [pid={pid}]",
    )
