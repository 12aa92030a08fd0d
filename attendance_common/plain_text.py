"""Cleans text that other programs wrote: decodes it, and removes blanks and quotes around it."""

from __future__ import annotations

import codecs
import unicodedata

_UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # Unicode categories: control, format, and all kinds of blanks
_QUOTES = {'""', "''", "``", "“”", "””", "„“", "„”", "‘’", "’’", "‚‘", "«»"}  # noqa: RUF001
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decoded(content: bytes) -> str:
    """Decode UTF-8, or UTF-16 that begins with a byte order mark; the mark is not part of the text.

    Raises ValueError that names the line where it is neither, and quotes nothing.
    """
    try:
        text = content.decode("utf-16" if content.startswith(_WIDE) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"is not UTF-8 text (line {line}): save it as UTF-8") from None
    if "\0" in text:
        raise ValueError("has NUL characters, as UTF-16 without a byte order mark has: save it as UTF-8")
    return text


def plain(text: str) -> str:
    """Remove blanks, line ends and invisible characters around the text, then quotes around it, repeatedly.

    Some programs leave the quotes of NAME="value" in the value, such as docker's --env-file.
    """
    text = trimmed(text)
    if len(text) > 1 and text[0] + text[-1] in _QUOTES:
        return plain(text[1:-1])
    return text


def trimmed(text: str) -> str:
    """Remove blanks, line ends and invisible characters around the text."""
    seen = [place for place, character in enumerate(text) if not _unseen(character)]
    return text[seen[0] : seen[-1] + 1] if seen else ""


def odd_character(text: str, *, blanks: bool) -> str | None:
    """What is wrong with the first invisible character, or None. `blanks`: a blank is allowed."""
    for place, character in enumerate(text, start=1):
        if character == " " and blanks:
            continue
        if character in " \t":
            return f"has a {'blank' if character == ' ' else 'tab'} in it (character {place})"
        if character in "\r\n":
            return f"has a line end in it (character {place})"
        if not character.isprintable():
            return f"has a character in it that cannot be seen (U+{ord(character):04X}, character {place})"
    return None


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN
