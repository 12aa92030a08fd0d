"""The psql that the sandbox names: the system's when it is proven to work over TLS, else the wheel's."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sandbox import Sandbox
from tests.sandbox.psql import connects, find_psql, make_wrapper, psql_of_the_wheel

pytestmark = pytest.mark.sandbox


def without_tls(path: Path) -> None:
    """Make a psql that can do everything but TLS: the wheel's, under the system's name."""
    path.write_text(f'#!/bin/sh\nexec "{psql_of_the_wheel()}" "$@"\n')
    path.chmod(0o755)


def test_the_systems_psql_is_preferred(sandbox: Sandbox, tmp_path: Path) -> None:
    on_path = shutil.which("psql")
    if on_path is None:
        pytest.skip("no psql on PATH")
    assert find_psql(sandbox.environment, tmp_path) == Path(on_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("on_path", ["nothing", "a psql without TLS", "a psql that fails"])
def test_else_the_wheels(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_path: str
) -> None:
    commands, directory = tmp_path / "bin", tmp_path / "with space"
    commands.mkdir()
    directory.mkdir()
    if on_path == "a psql without TLS":
        without_tls(commands / "psql")
    elif on_path == "a psql that fails":
        shutil.copy(shutil.which("false") or "/bin/false", commands / "psql")
    monkeypatch.setenv("PATH", str(commands))
    found = find_psql(sandbox.environment, directory)
    assert found == directory / "psql"
    monkeypatch.undo()
    assert connects(found, sandbox.environment)


def test_a_wrong_password_is_no_connection(sandbox: Sandbox, tmp_path: Path) -> None:
    wrapper = make_wrapper(tmp_path)
    assert not connects(wrapper, {**sandbox.environment, "PGPASSWORD": "wrong"})


def test_the_wheels_psql_runs_a_file(sandbox: Sandbox, tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    script.write_text("\\set answer 42\nselect :answer as value \\gset\n\\echo :value\n")
    command = [str(make_wrapper(tmp_path)), "-X", "-v", "ON_ERROR_STOP=1", "-f", str(script)]
    done = subprocess.run(command, env=sandbox.process_environment(), capture_output=True, check=True)
    assert done.stdout == b"42\n"
