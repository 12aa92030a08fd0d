"""The landing zone as it is now, compared with what was loaded: counted and logged."""

from __future__ import annotations

from collections.abc import Collection

from attendance_common.errors import AttendanceError
from attendance_common.load import control
from attendance_common.load.load_run import LoadRun
from attendance_common.load.plan import Found, ListId, Loaded
from attendance_common.log import event, log
from attendance_common.numerals import counted


def survey(run: LoadRun, forgotten: Collection[ListId] = ()) -> tuple[Loaded, Found]:
    """Compare all lists in S3 with the control table; gives the loaded lists, and what S3 has.

    `forgotten`: the lists of --forget-list. Raises AttendanceError when one of them cannot be forgotten.
    """
    loaded = control.loaded(run.warehouse)
    found = run.listing.compare(loaded)
    if faults := _unforgettable(run, found, forgotten):
        raise AttendanceError(f"--forget-list: {'; '.join(faults)}", to_mend=True)
    run.done.found = found
    run.done.counts |= {"partitions": len(found.days), "lists": found.lists}
    _log(found)
    return loaded, found


def _unforgettable(run: LoadRun, found: Found, forgotten: Collection[ListId]) -> list[str]:
    """Why lists cannot be forgotten: only a loaded list whose object is gone can be."""
    landed = run.listing.versions(forgotten)
    unknown = [each for each in forgotten if each not in landed and each not in found.gone]
    return [
        *(f"{run.areas.list_url(*each)} is in S3: move it away first" for each in sorted(landed)),
        *(f"{run.areas.list_url(*each)} was never loaded" for each in sorted(unknown)),
    ]


def _log(found: Found) -> None:
    counts = {"lists": found.lists, "partitions": len(found.days), "to_load": len(found.changed)}
    lists = counted(found.lists, "list", "lists")
    partitions = counted(len(found.days), "partition", "partitions")
    fields = event("listed", counts=counts)
    log.info("%s in %s, %d to load", lists, partitions, len(found.changed), extra=fields)
