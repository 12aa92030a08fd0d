"""The context of a statement: the cluster, this client's PostgreSQL connection, the answer to the client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from . import wire
from .backend import Backend
from .catalog import Catalog
from .differences import Difference
from .errors import in_transaction_block
from .link import BackendError, BackendLink
from .storage import Storage
from .watch import Watch


@dataclass(frozen=True)
class ScanRecord:
    """One scan of an external table, as SVL_S3PARTITION and SVL_S3QUERY_SUMMARY show it."""

    query: int
    total_partitions: int
    qualified_partitions: int
    scanned_rows: int
    returned_rows: int


@dataclass(frozen=True)
class Cluster:
    """What all sessions share."""

    backend: Backend
    catalog: Catalog
    storage: Storage
    database: str
    user: str
    region: str
    roles: tuple[str, ...]
    isolation: Literal["SERIALIZABLE", "SNAPSHOT"]
    query_ids: Iterator[int]
    watch: Watch
    differs: set[Difference] = field(default_factory=set)
    scans: list[ScanRecord] = field(default_factory=list)

    @property
    def backend_isolation(self) -> str:
        """PostgreSQL's name for it: its REPEATABLE READ is snapshot isolation."""
        return "SERIALIZABLE" if self.isolation == "SERIALIZABLE" else "REPEATABLE READ"


@dataclass
class Work:
    """The state of one session and of its current statement.

    `alone` is False while a string of several statements runs, which Redshift treats as one transaction
    (DG: r_SVL_MULTI_STATEMENT_VIOLATIONS). `on_nodes` is True once the statement was found to need the
    compute nodes, which have their own errors.
    """

    cluster: Cluster
    link: BackendLink
    send: Callable[[bytes], None]
    query_id: int = 0
    last_query_id: int = 0
    alone: bool = True
    implicit_block: bool = False
    on_nodes: bool = False
    scratch: list[str] = field(default_factory=list)

    @property
    def in_block(self) -> bool:
        """Whether a transaction that the client began is open."""
        return self.link.status != b"I" and not self.implicit_block

    def require_no_block(self, command: str) -> None:
        """25001 in a transaction block and in a string of several statements."""
        if self.in_block or not self.alone:
            raise in_transaction_block(command)

    def relay(self, sql: str, tag: Callable[[str], str] = str) -> None:
        """Let PostgreSQL answer the client."""
        self.link.relay(sql, self.send, tag)

    def done(self, tag: str) -> None:
        """Send the tag of a statement that the front itself carried out."""
        self.send(wire.command_complete(tag))

    def notice(self, message: str) -> None:
        """Send a notice to the client."""
        self.send(wire.notice_response(message))

    def fail_block(self) -> None:
        """Fail PostgreSQL's open transaction too, after the front refused a statement."""
        if self.link.status != b"T":
            return
        try:
            self.link.query("SELECT refused_by_the_front")
        except BackendError:
            return

    def scratch_table(self, columns: str) -> str:
        """Create a temporary table that is dropped after the statement; `columns` as in CREATE TABLE."""
        name = f"spectrum_scan_{self.query_id}_{len(self.scratch)}"
        keep = "ON COMMIT DROP" if self.link.status == b"T" else ""
        self.link.query(f"CREATE TEMP TABLE {name} ({columns}) {keep}")
        self.scratch.append(name)
        return name

    def sweep(self) -> None:
        """Drop the scratch tables. A failed transaction has none any more."""
        names, self.scratch = self.scratch, []
        if names and self.link.status != b"E":
            self.link.query(f"DROP TABLE {', '.join(names)}")
