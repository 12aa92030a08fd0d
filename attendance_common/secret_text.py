"""The text of a secret -> its values, however PowerShell, .NET or a form wrote the JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attendance_common.plain_text import decoded, odd_character, plain

OPTIONAL = ("username", "host", "port", "dbname")  # of a Redshift secret; they go before the defaults


def values(content: str | bytes, keys: Sequence[str]) -> dict[str, str]:
    """The secret's texts by name: `keys`, which it must hold, and those of OPTIONAL that it holds.

    A name may be in other case. A number is a text, too; null and an empty text are nothing.
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
    r"""The JSON object that the text is, or holds as a JSON text; that may lack its quotes: `{\"a\": 1}`."""
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
    """The wanted values by the names that the scripts use; the name as it is written here goes first."""
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
