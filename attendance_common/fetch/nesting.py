"""JSON nested deeper than any decoder here goes: its depths are cut out, and put back as they came."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

_DEEPEST = 300  # the decoders give up between 900 and 1,000 levels, fewer where they are called deep down
# A string that is cut off ends with the text: looked for again from each quote in it, it would take for ever.
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


@dataclass(frozen=True)
class Cut:
    """A text whose too deep lists and objects are named by short strings, and what these stand for."""

    text: str
    _name: str
    _depths: tuple[str, ...]

    def whole(self, part: str) -> str:
        """A part of the text with its depths again, as they came."""
        return re.sub(f'"{self._name}-([0-9]+)"', lambda found: self._depths[int(found[1])], part)


def cut(text: str) -> Cut:
    """Cut out every list and object that begins too deep; one that has no end stays."""
    name = secrets.token_hex(16)  # stands nowhere in the text
    kept: list[str] = []
    depths: list[str] = []
    depth = begun = ended = 0
    for token in _TOKEN.finditer(text):
        if token[0] in "[{":
            depth += 1
            if depth == _DEEPEST:
                begun = token.start()
        elif token[0] in "]}":
            if depth == _DEEPEST:
                kept += [text[ended:begun], f'"{name}-{len(depths)}"']
                ended = token.end()
                depths.append(text[begun:ended])
            depth -= 1
    return Cut("".join([*kept, text[ended:]]), name, tuple(depths))
