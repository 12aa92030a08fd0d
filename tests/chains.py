"""The history of the table beside its rows: each record's versions form a chain, without overlap or gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from tests.model import Former, Row

HISTORY = "SELECT * FROM public.period_attendance_history ORDER BY id, valid_from, valid_to"
TABLE = "SELECT * FROM public.period_attendance ORDER BY id"
OWN = ("source_file", "valid_from", "valid_to", "change", "changed_columns", "run")


def formers(history: Iterable[dict[str, Any]]) -> dict[int, list[Former]]:
    """For each id, its former versions, the oldest first, as the model has them."""
    found: dict[int, list[Former]] = defaultdict(list)
    for row in history:
        columns = row["changed_columns"].split(", ") if row["changed_columns"] else []
        content: Row = {name: value for name, value in row.items() if name not in OWN}
        found[row["id"]].append(Former(content, row["change"], columns))
    return dict(found)


def breaks(history: Iterable[dict[str, Any]], table: Iterable[dict[str, Any]]) -> list[str]:
    """What is wrong with the times of the versions.

    A version ends at the very time at which the next one begins. After a removal, the next one begins later.
    """
    chains: dict[int, list[tuple[Any, Any, str | None]]] = defaultdict(list)
    for row in history:
        chains[row["id"]].append((row["valid_from"], row["valid_to"], row["change"]))
    for row in table:
        chains[row["id"]].append((row["loaded_at"], None, None))
    return [fault for key, chain in sorted(chains.items()) for fault in _breaks_of(key, chain)]


def _breaks_of(key: int, chain: list[tuple[Any, Any, str | None]]) -> list[str]:
    faults = [
        f"{key} has a version that ends before it begins" for begin, end, _ in chain if end and end <= begin
    ]
    for (_, end, change), (begin, _, _) in pairwise(chain):
        if change == "removed" and begin <= end:
            faults.append(f"{key} comes back before it left")
        if change != "removed" and begin != end:
            faults.append(f"{key} has a gap or an overlap")
    if chain[-1][1] is not None and chain[-1][2] != "removed":
        faults.append(f"{key} was replaced by nothing")
    return faults
