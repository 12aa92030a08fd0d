"""JSON nested more deeply than a decoder reads: the values at fault are cut out, the rest can be read."""

from __future__ import annotations

import re
from collections.abc import Callable

_DEEP = 100  # levels; every decoder reads that many
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def cut_deep(text: str, level: int, stand_in: Callable[[str], str]) -> str:
    """Replace each list and object that opens on a level and goes deeper than a hundred levels.

    `level`: how many lists and objects are open where it begins. `stand_in`: its text -> what replaces it.
    """
    pieces: list[str] = []
    copied = depth = deepest = begins = 0
    for token in _TOKEN.finditer(text):
        if token[0] in ("[", "{"):
            if depth == level:
                begins, deepest = token.start(), level
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in ("]", "}"):
            depth -= 1
            if depth == level and deepest - level > _DEEP:
                pieces += [text[copied:begins], stand_in(text[begins : token.end()])]
                copied = token.end()
    return "".join([*pieces, text[copied:]])
