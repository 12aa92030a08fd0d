"""The stand-in: starts and stops it, plans faults, and accepts its clients."""

from __future__ import annotations

import itertools
import socket
import ssl
import struct
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from . import wire
from .backend import Backend
from .catalog import Catalog
from .differences import Difference
from .errors import ConnectionCut, RedshiftError
from .session import Cluster, Session
from .storage import Storage
from .watch import Watch

DEFAULT_ROLE = "arn:aws:iam::123456789012:role/RedshiftSpectrumRole"
MAX_CLIENTS = 50


class RedshiftStandIn:
    """A Redshift cluster with Spectrum, as far as this project needs one, on one machine.

    External tables are in the Glue and S3 of `aws_endpoint`. Local tables are in a PostgreSQL under
    `directory`, which has them again at the next start. `cluster_roles` are the roles that Spectrum may
    assume. `differs` are the differences from Redshift that are switched on. It may be changed at any time.
    """

    def __init__(
        self,
        directory: Path,
        *,
        aws_endpoint: str,
        certificate: Path,
        private_key: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        database: str = "db02",
        user: str = "dba02",
        password: str,
        region: str = "us-east-1",
        cluster_roles: Sequence[str] = (DEFAULT_ROLE,),
        isolation: Literal["SERIALIZABLE", "SNAPSHOT"] = "SERIALIZABLE",
        statement_log: Path | None = None,
        differs: Iterable[Difference] = (),
    ) -> None:
        self.host = host
        self.port = port
        self._credentials = (user, password, database)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate, private_key)
        self._backend = Backend(directory, user=user, database=database)
        self.watch = Watch(statement_log)
        self.differs = set(differs)
        self._cluster = Cluster(
            backend=self._backend,
            catalog=Catalog(aws_endpoint, region),
            storage=Storage(aws_endpoint, region),
            database=database,
            user=user,
            region=region,
            roles=tuple(cluster_roles),
            isolation=isolation,
            query_ids=itertools.count(1000),
            watch=self.watch,
            differs=self.differs,
        )
        self._door: socket.socket | None = None
        self._clients: set[socket.socket] = set()
        self._threads: set[threading.Thread] = set()

    def start(self) -> None:
        """Returns when it accepts connections. `port` is then the port on which it listens."""
        self._backend.start()
        self._door = socket.create_server((self.host, self.port), backlog=64)
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._door,), daemon=True).start()

    def stop(self) -> None:
        """Cuts every client and stops PostgreSQL. start() may follow."""
        if self._door is not None:
            self._door.shutdown(socket.SHUT_RDWR)
            self._door.close()
            self._door = None
        for client in list(self._clients):
            _cut(client)
        self._backend.stop()
        for thread in list(self._threads):
            thread.join(timeout=5)

    def fail_next(self, matching: str, error: RedshiftError, times: int = 1) -> None:
        """Refuse the next `times` statements whose SQL matches the regex (any case) with `error`."""
        self.watch.plan(matching, error, times)

    def cut_next(self, matching: str, times: int = 1) -> None:
        """Drop the connection instead of running the next `times` statements whose SQL matches."""
        self.watch.plan(matching, None, times)

    def _accept(self, door: socket.socket) -> None:
        while True:
            try:
                client, _ = door.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients.add(client)
            thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.add(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        connection = client
        try:
            connection = self._negotiate(client)
            self._converse(wire.Channel(connection))
        except (EOFError, OSError, ConnectionCut):
            pass  # The client has closed the connection, or a fault was planned that cuts it.
        finally:
            _cut(connection)
            self._clients.discard(connection)
            self._threads.discard(threading.current_thread())

    def _negotiate(self, client: socket.socket) -> socket.socket:
        while True:
            head = client.recv(8, socket.MSG_PEEK | socket.MSG_WAITALL)
            if len(head) < 8:
                raise EOFError
            (code,) = struct.unpack("!i", head[4:])
            if code == wire.SSL_REQUEST:
                client.recv(8)
                client.sendall(b"S")
                secured = self._tls.wrap_socket(client, server_side=True)
                self._clients.discard(client)
                self._clients.add(secured)
                return secured
            if code != wire.GSS_REQUEST:
                return client
            client.recv(8)
            client.sendall(b"N")

    def _converse(self, channel: wire.Channel) -> None:
        (length,) = struct.unpack("!i", channel.read(4))
        payload = channel.read(min(length, 10_000) - 4)
        (code,) = struct.unpack("!i", payload[:4])
        try:
            parameters = self._admit(channel, code, payload)
        except RedshiftError as error:
            channel.send(wire.error_response(error, "FATAL"))
            return
        Session(self._cluster, channel, parameters).run()

    def _admit(self, channel: wire.Channel, code: int, payload: bytes) -> dict[str, str]:
        if code >> 16 != 3:
            raise RedshiftError("0A000", "unsupported frontend protocol")
        parameters = wire.parse_startup(payload[4:])
        user, password, database = self._credentials
        channel.send(wire.frame(b"R", struct.pack("!i", 3)))
        kind, answer = channel.message()
        known = parameters.get("user") == user and answer.rstrip(b"\0").decode() == password
        if kind != b"p" or not known:
            name = parameters.get("user", "")
            raise RedshiftError("28000", f'password authentication failed for user "{name}"')
        wanted = parameters.get("database", user)
        if wanted != database:
            raise RedshiftError("3D000", f'database "{wanted}" does not exist')
        if len(self._clients) > MAX_CLIENTS:
            raise RedshiftError("53300", "sorry, too many clients already")
        return parameters


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # It may be gone already.
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
