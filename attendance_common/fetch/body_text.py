"""Converts the text of a body to UTF-8, whichever encoding the server used."""

from __future__ import annotations

import codecs
import json
import re

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(r"charset\s*=\s*\"?((?:iso|windows|latin|cp|utf)[\w-]*)", re.IGNORECASE | re.ASCII)


def as_utf8(body: bytes, content_type: str) -> bytes:
    """The body in UTF-8 without a byte order mark; unchanged when its encoding cannot be recognized.

    The encoding follows from a byte order mark, or from NULs among the first four bytes. Else it is UTF-8
    if the body is valid UTF-8, else what the content type says.
    """
    for bom, encoding in _BOMS:
        if body.startswith(bom):
            return _recoded(body[len(bom) :], encoding)
    if b"\0" in body[:4]:  # JSON begins with two ASCII characters (RFC 4627, 3)
        return _recoded(body, json.detect_encoding(body))
    declared = _CHARSET.search(content_type)
    return body if declared is None or _is_utf8(body) else _recoded(body, declared[1])


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _recoded(body: bytes, encoding: str) -> bytes:
    try:
        return body if encoding == "utf-8" else body.decode(encoding).encode()
    except (LookupError, UnicodeError):
        return body
