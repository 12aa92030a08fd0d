"""Makes JSON readable that is nested too deeply for a decoder: replaces the values that are too deep."""

from __future__ import annotations

import re
from collections.abc import Callable

_DEEP = 100  # levels that every decoder reads
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def cut_deep(text: str, level: int, stand_in: Callable[[str], str]) -> str:
    """Replace each list or object at `level` that contains more than a hundred further levels.

    `level`: the number of lists and objects around it. `stand_in`: its text -> what replaces it.
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
