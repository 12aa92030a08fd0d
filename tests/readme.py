"""Reads what the README promises, so that the demo shows it and the tests hold it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def section(title: str) -> str:
    """Give the text below a heading of any level, up to the next heading of the same or a higher one."""
    text = README.read_text(encoding="utf-8")
    match = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise LookupError(f"the README has no section {title!r}")
    return match[2]


def blocks(title: str, language: str) -> list[str]:
    """Give the fenced code blocks of a language in a section."""
    return re.findall(rf"^```{language}\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)


def owner_queries() -> list[str]:
    """Give the queries that the analysts run, without their semicolons."""
    statements = "".join(blocks("Queries", "sql")).split(";")
    return [statement.strip() for statement in statements if statement.strip()]
