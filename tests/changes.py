"""What may happen to records of two schools, for random histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st


@dataclass(frozen=True)
class Change:
    """Something that happens at the source to the record that `pick` picks of a school, or to its date."""

    kind: str
    school: int
    pick: int
    day: str


def changes(kinds: Sequence[str], days: Sequence[str]) -> st.SearchStrategy[Change]:
    """Any such change, to any record; a date is one of `days`."""
    return st.builds(
        Change, st.sampled_from(kinds), st.integers(0, 1), st.integers(0, 30), st.sampled_from(days)
    )
