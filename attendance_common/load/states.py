"""Conditions that last, such as a foreign object: each is reported once, and again after a week.

Every load looks for them everywhere, so a condition that its record does not name was not found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from attendance_common.conditions import Judged
from attendance_common.landing import Areas
from attendance_common.load import attention
from attendance_common.load.plan import Found, ListId
from attendance_common.load.shared_ids import SharedIds

FOREIGN, GONE, SHARED = "foreign object", "object gone", "id in two schools"  # conditions, see `conditions`
MOST = 1_000  # places of a condition that a record names one by one; more are judged as one condition

Thing = TypeVar("Thing")


def judge(
    judged: Judged,
    found: Found,
    forgotten: Collection[ListId],
    shared: Collection[SharedIds],
    areas: Areas,
) -> None:
    """Judge foreign objects, lists whose object is gone, and ids of two schools: adds to `judged`.

    `forgotten` lists are not reported as gone.
    """
    foreign = {_digest(name): name for name in found.foreign_names}
    _note(
        judged,
        FOREIGN,
        foreign,
        found.foreign,
        lambda names, count: attention.foreign_objects(names, count, areas),
    )
    gone = {f"{each.day} {each.school}": each for each in sorted(found.gone) if each not in forgotten}
    _note(judged, GONE, gone, len(gone), lambda lists, _: attention.gone(lists, areas))
    pairs = {each.schools: each for each in shared}
    _note(judged, SHARED, pairs, len(pairs), lambda found, _: attention.shared_ids(found))


def _note(
    judged: Judged,
    condition: str,
    places: Mapping[str, Thing],
    count: int,
    sentence: Callable[[Sequence[Thing], int], str],
) -> None:
    """Note a condition in `count` places; one sentence names those that are to be reported now."""
    judged.conditions[condition] = {}
    too_many = count > MOST  # identified by their number, so another number is a new condition
    keys = [f"{count} together"] if too_many else list(places)
    since = {key: moment for key in keys if (moment := judged.find(condition, key, 1))}
    if since:
        named = list(places.values()) if too_many else [places[key] for key in since]
        what = sentence(named, count if too_many else len(named))
        judged.sentences.append(f"{what} (since {min(since.values())})")


def _digest(name: str) -> str:
    """A hash of an object's name, for a record: a name that somebody else chose may have anything in it."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]
