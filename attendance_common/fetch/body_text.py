"""The text of a body as UTF-8, whatever encoding the server wrote it in."""

from __future__ import annotations

import codecs
import json
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: it begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(r"charset\s*=\s*\"?((?:iso|windows|latin|cp|utf)[\w-]*)", re.IGNORECASE | re.ASCII)


def as_utf8(body: bytes, content_type: str) -> bytes:
    """The body in UTF-8 without a byte order mark; as it is when its encoding cannot be recognized.

    A byte order mark shows the encoding, or NULs among the first characters do. Else it is UTF-8 if it can be
    that, or what the content type says.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return _recoded(body[len(mark) :], encoding)
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
