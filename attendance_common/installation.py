"""Checks Python's version and its packages before any other import. Python 3.7 can read this file."""

from __future__ import annotations

import importlib.util
import json
import sys

OLDEST = (3, 10)
# The packages of requirements.txt, as they are imported.
PACKAGES = (
    "boto3",
    "certifi",
    "dotenv",
    "jinja2",
    "msgspec",
    "polars",
    "psycopg2",
    "pythonjsonlogger",
    "requests",
    "rich",
    "stamina",
    "urllib3",
)
_TO_MEND = 2


def check() -> None:
    """End the process with status 2 and a result line when Python is too old or a package is missing."""
    sentence = _fault()
    if sentence:
        sys.stderr.write(sentence + "\n")
        sys.stdout.write(json.dumps({"status": _TO_MEND, "error": sentence, "seconds": 0.0}) + "\n")
        sys.exit(_TO_MEND)


def _fault() -> str:
    """What is wrong and its cure, or an empty text."""
    if sys.version_info < OLDEST:
        needed, found = (".".join(map(str, version[:2])) for version in (OLDEST, sys.version_info))
        return f"{sys.executable} is Python {found}: run the scripts with Python {needed} or newer"
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        cure = "activate the virtual environment, or pip install -r requirements.txt"
        return f"{sys.executable} has no {', '.join(missing)}: {cure}"
    return ""
