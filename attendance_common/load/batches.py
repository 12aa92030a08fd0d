"""The changed lists, batch after batch; a batch that fails is halved, until the list at fault is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attendance_common.errors import WarehouseError
from attendance_common.load import plan
from attendance_common.load.batch import Batch, Loaded
from attendance_common.load.halving import in_halves
from attendance_common.load.listing import Listing
from attendance_common.load.plan import ListId, Version
from attendance_common.load.refusals import Unreadable


def load_batches(
    batch: Batch, listing: Listing, changed: Mapping[ListId, Version], gone: Sequence[ListId], dates: int
) -> Iterator[tuple[Sequence[ListId], Loaded]]:
    """Load the lists in batches of `dates` dates each; gives each batch and its outcome when it is loaded."""

    def load(these: Sequence[ListId]) -> Loaded:
        versions = {each: changed[each] for each in these if each in changed}
        gone_lists = [each for each in these if each not in changed]
        try:
            return batch.load(versions, gone_lists)
        except Unreadable:
            if len(these) > 1:
                raise
            return batch.load(versions, gone_lists, isolated=True)  # another list may be the one at fault

    batches = plan.batches([*changed, *gone], dates)
    for these, outcome in in_halves(batches, load, plan.halves):
        if isinstance(outcome, Loaded):
            yield these, outcome
        else:
            yield these, _explained(listing, these[0], changed.get(these[0]), outcome)


def _explained(listing: Listing, each: ListId, version: Version | None, fault: WarehouseError) -> Loaded:
    """The outcome of a list that cannot be loaded; if it was written meanwhile, it waits for a round."""
    if listing.versions([each]).get(each) != version:
        return Loaded(waiting={each})
    return Loaded(faults={each: fault})
