"""Reads the documents, so that the demo shows what they say and the tests check it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def text_of_all() -> str:
    """Give the text of all documents."""
    return "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)


def section(title: str) -> str:
    """Give the text below a heading of any level, up to the next heading of the same or a higher one.

    Exactly one document has the heading; otherwise this raises LookupError.
    """
    pattern = rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)"
    found = [
        match[2]
        for path in DOCUMENTS
        if (match := re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    ]
    if len(found) != 1:
        raise LookupError(f"{len(found)} documents have a section {title!r}")
    return found[0]


def blocks(title: str, language: str) -> list[str]:
    """Give the fenced code blocks of a language in a section."""
    return re.findall(rf"^```{language}\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)


def owner_queries() -> list[str]:
    """Give the queries that the analysts run, without their semicolons."""
    statements = "".join(blocks("Queries", "sql")).split(";")
    return [statement.strip() for statement in statements if statement.strip()]
