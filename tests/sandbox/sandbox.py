"""The whole outside world on loopback: source, AWS and warehouse, started and stopped together."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Literal

import trustme

from .aws import AwsStandIn
from .children import Child
from .environment import (
    ESD_SECRET_ID,
    REDSHIFT_SECRET_ID,
    aws_variables,
    esd_variables,
    redshift_variables,
    without_settings,
)
from .esd import EsdServer, Source
from .esd.source import SCHOOL_YEAR_ID
from .psql import find_psql
from .redshift import RedshiftStandIn
from .warehouse import empty_warehouse

HOST = "localhost"  # the name in the certificate; everything listens on 127.0.0.1
DATABASE = "db02"
USER = "dba02"


@dataclass(frozen=True)
class Options:
    """What can be chosen about a sandbox; `records` is per school.

    `until`: when its data end. None: they are of 2025, always the same, and the settings say that they may be
    old.
    """

    schools: int = 3
    records: int = 2000
    days: int = 60
    until: datetime | None = None
    esd: bool = True
    redshift: bool = True
    isolation: Literal["SERIALIZABLE", "SNAPSHOT"] = "SERIALIZABLE"
    statement_log: Path | None = None


class Sandbox:
    """A context manager; everything is started on entry and gone after exit.

    `environment` holds the variables that the scripts and any libpq client read. The source's server and the
    warehouse's front run in threads of this process, moto and PostgreSQL in processes of their own.
    """

    source: Source
    esd: EsdServer
    aws: AwsStandIn
    redshift: RedshiftStandIn

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.environment: dict[str, str] = {}
        self.password = secrets.token_urlsafe(18)
        self._stack = ExitStack()

    def __enter__(self) -> Sandbox:
        with ExitStack() as stack:  # closed at once when a later part does not start
            self.directory = Path(tempfile.mkdtemp(prefix="sandbox-"))
            self._start_reaper(stack)
            self._start_aws(stack)
            if self.options.esd:
                self._start_esd(stack)
            if self.options.redshift:
                self._start_redshift(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def aws_endpoint(self) -> str:
        """Where moto listens."""
        return self.aws.endpoint

    def reset(self) -> None:
        """Empty the bucket, the catalog and the warehouse, and let the source be as it was at the start."""
        if self.options.redshift:
            self.redshift.differs.clear()
            empty_warehouse(self.environment)  # before the catalog that it looks things up in
        self.aws.reset()
        if self.options.esd:
            self.esd.reset()
            self.source.restore(self._at_start)

    def process_environment(self, **more: str) -> dict[str, str]:
        """Give the environment for a process that is to see this sandbox and no other settings."""
        return {**without_settings(os.environ), **self.environment, **more}

    def _start_reaper(self, stack: ExitStack) -> None:
        reaper = Child("reaper.py", str(self.directory))
        stack.callback(reaper.stop)  # which removes the directory
        reaper.start()

    def _start_aws(self, stack: ExitStack) -> None:
        self.aws = AwsStandIn()
        stack.callback(self.aws.stop)
        self.aws.start()
        self.environment |= aws_variables(self.aws.endpoint, self.aws.bucket, self.aws.region)

    def _start_esd(self, stack: ExitStack) -> None:
        self.source = Source.generate(
            self.options.schools, self.options.records, days=self.options.days, until=self.options.until
        )
        self._at_start = self.source.remember()
        client_id, client_secret = f"client-{secrets.token_hex(4)}", secrets.token_urlsafe(24)
        self.esd = EsdServer(self.source, client_id=client_id, client_secret=client_secret)
        stack.enter_context(self.esd)
        self.aws.store_secret(
            ESD_SECRET_ID,
            {"ESD_URL": self.esd.token_url, "ESD_CLIENT_ID": client_id, "ESD_SECRET_KEY": client_secret},
        )
        self.environment |= esd_variables(self.esd.api_url, SCHOOL_YEAR_ID)
        if self.options.until is None:
            self.environment["ESD_STALE_DAYS"] = "0"

    def _start_redshift(self, stack: ExitStack) -> None:
        ca, certificate, key = make_certificates(self.directory)
        self.redshift = RedshiftStandIn(
            self.directory / "redshift",
            aws_endpoint=self.aws.endpoint,
            certificate=certificate,
            private_key=key,
            database=DATABASE,
            user=USER,
            password=self.password,
            region=self.aws.region,
            isolation=self.options.isolation,
            statement_log=self.options.statement_log,
        )
        stack.callback(self.redshift.stop)
        self.redshift.start()
        self._announce_redshift(ca)

    def _announce_redshift(self, ca: Path) -> None:
        port = self.redshift.port
        secret = {"username": USER, "password": self.password, "host": HOST, "port": port, "dbname": DATABASE}
        self.aws.store_secret(REDSHIFT_SECRET_ID, secret)
        self.environment |= redshift_variables(
            host=HOST, port=port, database=DATABASE, user=USER, password=self.password, ca=ca
        )
        self.environment["PSQL"] = str(find_psql(self.environment, self.directory))
        if self.options.statement_log is not None:
            self.options.statement_log.write_text("")  # the probe for psql is nobody's statement


def make_certificates(directory: Path) -> tuple[Path, Path, Path]:
    """Make a CA and a certificate for loopback; give the paths of CA, certificate chain and private key."""
    authority = trustme.CA()
    issued = authority.issue_cert(HOST, "127.0.0.1", "::1")
    ca, certificate, key = (directory / name for name in ("ca.pem", "server.pem", "server.key"))
    authority.cert_pem.write_to_path(ca)
    for blob in issued.cert_chain_pems:
        blob.write_to_path(certificate, append=True)
    key.touch(mode=0o600)
    issued.private_key_pem.write_to_path(key)
    return ca, certificate, key
