"""The files that follow from declarations are as `make` would write them now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rendered import TARGETS

FILES = [(target, path) for target, files in TARGETS.items() for path in files]


@pytest.mark.parametrize(("target", "path"), FILES, ids=lambda each: getattr(each, "name", each))
def test_a_file_is_as_it_is_declared(target: str, path: Path) -> None:
    assert path.read_text(encoding="utf-8") == TARGETS[target][path], f"make {target}, and commit {path.name}"
