"""The committed files that follow from declarations, and the targets of `make` that write them."""

from __future__ import annotations

import sys
from pathlib import Path

from attendance_common import __version__, policies
from attendance_common.load import setup_sql
from tests import data_dictionary, env_example
from tests.documents import ROOT

RELEASE = __version__.partition(".dev")[0]
POLICIES = ROOT / "docs" / "policies"

TARGETS: dict[str, dict[Path, str]] = {
    "settings": {ROOT / ".env.example": env_example.render()},
    # The layout of each version stays, so that tests can bring it up to date.
    "sql": dict.fromkeys(
        (ROOT / setup_sql.SETUP_FILE, ROOT / "tests" / "layouts" / f"{RELEASE}.sql"), setup_sql.render()
    ),
    "dictionary": {ROOT / "docs" / "data-dictionary.md": data_dictionary.render()},
    "policies": {
        POLICIES / name: text for name, text in policies.files(policies.default_installation()).items()
    },
}


def main(target: str) -> None:
    """Write the files of a target of the Makefile."""
    for path, text in TARGETS[target].items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
