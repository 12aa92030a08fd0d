"""Reads from Redshift's text of an error what has no data in it: numbers, names of files, known sentences.

A compute node reports each fault as XX000, and describes it in a block:

    ERROR:  Value too long for character type
    DETAIL:
      -----------------------------------------------
      error:  Value too long for character type
      code:      8001
      context:   Value too long for type character varying(256)
      query:     1823
      location:  funcs_string.hpp:395
      process:   query0_121_1823 [pid=4711]
      -----------------------------------------------

Serverless adds to the number (`1823[child_sequence:1]`). Some clients have the block on one line. For some
errors the message is the code alone. `context` can hold a record's values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_FIELD = r"(?im)^[ \t]*{name}:[ \t]*(\d{{1,9}})\b"
_IN_A_LINE = r"(?i)\b{name}:\s*(\d{{1,9}})(?:\[[^\]]*\])?\s+{follower}:"
_ALONE = re.compile(r"\s*(?:error:\s*)?(\d{4,5})\s*(?:[\r\n]|detail:|$)", re.IGNORECASE)
_IN_THE_MESSAGE = re.compile(r"\bcode:?\s+(8001|8007|10\d\d|12\d\d|150\d\d)\b", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")

# The parts of a failed scan's context that are shown (DG: c-spectrum-troubleshooting); others may be values.
_SHOWN = re.compile(
    r"File '[^'\r\n]*'?(?:\s+has an?\s+(?:incompatible Parquet schema|invalid version number"
    r"|unsupported encoding|unsupported compression codec)"
    r"(?:\s+for\s+column '[^'\r\n]*'?(?:\.\s+Column type: \w+)?)?)?"
    r"|column '[^'\r\n]*' has an invalid type length"
    r"|S3ServiceException:[a-z ]+,Status \d+,Error [a-z]+"
    r"|HTTP response error code: \d+ Message: [a-z]+"
    r"|not authorized to perform: [a-z0-9:*]+"
    r"|Retries exceeded|Access throttled|Resource limit exceeded|Access ?Denied",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class NodeError:
    """The numbers of an error, None where it has none."""

    code: int | None
    query: int | None


def parse(text: str) -> NodeError:
    """The numbers of an error's text, message and DETAIL."""
    return NodeError(_code(text), _number(text, "query", "location"))


def _code(text: str) -> int | None:
    if alone := _ALONE.match(text):
        return int(alone[1])
    code = _number(text, "code", "context")
    if code is None:
        message = re.split(r"context:", text, maxsplit=1, flags=re.IGNORECASE)[0]
        found = _IN_THE_MESSAGE.search(_QUOTED.sub("", message))
        code = int(found[1]) if found else None
    return code


def _number(text: str, name: str, follower: str) -> int | None:
    """A field of the block: on a line of its own, or before the field that follows it."""
    found = re.search(_FIELD.format(name=name), text)
    found = found or re.search(_IN_A_LINE.format(name=name, follower=follower), text)
    return int(found[1]) if found else None


def has_words(text: str, *signs: str) -> bool:
    """Whether one of these signs is in the engine's words; quoted text is left out, it can be a value."""
    words = _QUOTED.sub("", text).lower()
    return any(sign.lower() in words for sign in signs)


def is_scan_error(text: str) -> bool:
    """Whether Spectrum failed to read an object."""
    # The second is what older clusters say (aws-sdk-pandas#280).
    return has_words(text, "Spectrum Scan Error", "S3 Query Exception")


def scan_context(text: str) -> str:
    """The cause of a failed scan: the object, the column, the fault; no value."""
    context = re.split(r"context:", text, maxsplit=1, flags=re.IGNORECASE)[-1]
    context = re.split(r"\bquery:\s*\d", context, maxsplit=1, flags=re.IGNORECASE)[0]
    shown = dict.fromkeys(" ".join(found.split()) for found in _SHOWN.findall(context))
    return ", ".join(shown) or "no context"


def without_names(context: str) -> str:
    """The cause of a failed scan without the names of objects and columns in it."""
    return re.sub(r"'[^']*'?", "'…'", context)
