"""Loading what changed: new partitions are registered, changed lists are loaded in batches."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from attendance_common.errors import Terminated, WarehouseError
from attendance_common.load import attention, control, external, plan, repair
from attendance_common.load.batch import Batch, Loaded, named
from attendance_common.load.batches import load_batches
from attendance_common.load.load_run import LoadRun
from attendance_common.load.plan import Found, ListId, Part, Version
from attendance_common.load.reload import reload
from attendance_common.load.survey import survey
from attendance_common.log import event, log

ROUNDS = 3  # a list that is written while it is read is loaded by the next round


class ChangedLists:
    """Registers and loads lists, in rounds; `registered`: the partitions that Spectrum knows."""

    def __init__(self, run: LoadRun, registered: Collection[dt.date]) -> None:
        self._run = run
        self._registered = set(registered)

    def load(self, part: Part, forgotten: Collection[ListId] = ()) -> dt.date:
        """Load the lists of a part that changed, in rounds, until no list waits for another round.

        Lists that cannot be loaded are added to the faults in the run's `done`. `forgotten`: the lists of
        --forget-list. Gives the first date from which the table is to be checked.
        """
        done = self._run.done
        for _ in range(ROUNDS):
            loaded, found = survey(self._run, forgotten)
            self._register(found)
            changed = {
                each: version
                for each, version in found.changed.items()
                if part.has(each) and each not in done.faults
            }
            newly_gone = [each for each, known in found.gone.items() if not known and part.has(each)]
            waiting = set(filter(part.has, self._load_batches(changed, newly_gone)))
            if not waiting:
                break
        else:
            done.faults = dict.fromkeys(waiting, WarehouseError(attention.WAITS)) | done.faults
        return plan.checked_from(loaded, found)

    def load_again(self, days: Sequence[dt.date]) -> dt.date:
        """Load all lists of these dates again, because their places are damaged; gives the same as `load`."""
        self._run.done.sentences.append(attention.places_reloaded(days))
        repair.forget(self._run.warehouse, days)
        return self.load(Part(days[0], days[-1]))

    def _register(self, found: Found) -> None:
        new = plan.to_register(found, self._registered)
        for text, values in external.register(new, self._run.areas):
            self._run.warehouse.autocommit(text, values)
        self._registered |= set(new)
        self._run.done.sums["registered"] += len(new)

    def _load_batches(self, changed: Mapping[ListId, Version], gone: Sequence[ListId]) -> set[ListId]:
        """Load batch after batch; gives the lists that wait for another round."""
        run = self._run
        batch = Batch(run.warehouse, run.listing, run.context.run)
        batches = load_batches(batch, run.listing, changed, gone, run.settings.batch_partitions)
        lists, settled, waiting = len(changed) + len(gone), 0, set[ListId]()
        with run.context.progress("lists") as show:
            try:
                for these, outcome in batches:
                    run.done.add(outcome)
                    waiting |= outcome.waiting
                    settled += len(these)
                    _log_batch(these, outcome)
                    show(settled, lists)
            except Terminated as stopped:
                raise Terminated(f"{stopped}: {lists - settled} of {lists} lists") from stopped
        return waiting


def reload_part(run: LoadRun) -> None:
    """Have all lists of the run's part read and written again, but for those whose object is gone."""
    loaded = control.loaded(run.warehouse)
    found = run.listing.compare(loaded)
    reload(run.warehouse, plan.to_reload(run.part, loaded, found))
    run.done.sentences += attention.nothing_to_reload(run.part, loaded, found)


def _log_batch(lists: Sequence[ListId], outcome: Loaded) -> None:
    """Log the outcome of a batch: `12 lists of 2025-12-08 to 2025-12-09: 3 inserted, 1 updated`."""
    counts = [f"{count} {name.replace('_', ' ')}" for name, count in outcome.counts.items() if count]
    summary = ", ".join(counts) or ("not loaded" if outcome.faults else "nothing to do")
    log.info("%s: %s", named(lists), summary, extra=event("batch_loaded", counts=outcome.counts))
    if outcome.waiting:
        waiting = named(sorted(outcome.waiting))
        log.info("%s: written while it was read, so the next round loads it", waiting)
