"""Reads the values from the text of a secret, also as PowerShell, .NET or a web form writes its JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attendance_common.plain_text import decoded, odd_character, plain

OPTIONAL = ("username", "host", "port", "dbname")  # of a Redshift secret; priority over the defaults


def values(content: str | bytes, keys: Sequence[str]) -> dict[str, str]:
    """The secret's values by name: all of `keys`, and those of OPTIONAL that it has.

    Names may differ in case. A number counts as text. Null and an empty text count as missing.
    Raises ValueError that says what is wrong and quotes nothing.
    """
    secret = _object(decoded(content) if isinstance(content, bytes) else content)
    if secret is None:
        raise ValueError(
            f"must be a JSON object with {', '.join(keys)} (names and texts in straight double quotes)"
        )
    named = _by_name(secret, [*keys, *OPTIONAL])
    found = {name: text for name, value in named.items() if (text := _text(name, value))}
    if missing := [key for key in keys if key not in found]:
        raise ValueError(f"has no {', '.join(missing)}: add it to the secret's JSON")
    return found


def _object(text: str) -> dict[str, Any] | None:
    r"""The JSON object of the text, or of its JSON string, which may lack its quotes: `{\"a\": 1}`."""
    for attempt in (text.lstrip("\ufeff"), f'"{text.strip()}"'):
        try:
            value = json.loads(attempt, strict=False)
            if isinstance(value, str):
                value = json.loads(value, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            return value
    return None


def _by_name(secret: dict[str, Any], wanted: Sequence[str]) -> dict[str, Any]:
    """The wanted values by their names. An exact name has priority over one that differs in case."""
    found = {}
    for name in wanted:
        alike = [key for key in secret if plain(key).lower() == name.lower()]
        if name in secret:
            found[name] = secret[name]
        elif len(alike) > 1:
            raise ValueError(f"has {name} {len(alike)} times, in other case: keep one")
        elif alike:
            found[name] = secret[alike[0]]
    return found


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"has {name} as something that is no text: put it into double quotes")  # noqa: TRY004
    text = plain(str(value))
    if odd := odd_character(text, blanks=True):
        raise ValueError(f"has {name}, which {odd}: type it anew")
    return text
