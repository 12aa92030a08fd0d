"""What a run has done and seen so far: for its result and its record."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from attendance_common.errors import WarehouseError
from attendance_common.landing import Areas
from attendance_common.load import attention, plan, quality
from attendance_common.load.batch import READ, Loaded
from attendance_common.load.plan import Found, ListId, Part
from attendance_common.load.quality import Finding
from attendance_common.load.shared_ids import SharedIds


@dataclass
class Done:
    """What a run has done and seen so far.

    `counts`, `sums`: for the result. `faults`: lists that could not be loaded. `lost_control_rows`: lists
    that were loaded before and had no control row. `found`: the landing zone. `shared`: ids of two schools.
    `findings`: of the checks of the data; None: not checked. `sentences`: what was repaired, or could not be.
    """

    counts: dict[str, Any]
    sums: Counter[str] = field(default_factory=Counter)
    faults: dict[ListId, WarehouseError] = field(default_factory=dict)
    lost_control_rows: set[ListId] = field(default_factory=set)
    found: Found = field(default_factory=Found)
    shared: list[SharedIds] = field(default_factory=list)
    findings: list[Finding] | None = None
    sentences: list[str] = field(default_factory=list)

    @property
    def changed_rows(self) -> bool:
        """Whether the table has other rows than before the run."""
        return any(self.sums[name] for name in ("inserted", "updated", "removed", "repaired_dates"))

    def add(self, batch: Loaded) -> None:
        """Add the outcome of a batch."""
        self.sums.update(batch.counts)
        self.faults |= batch.faults
        self.lost_control_rows |= batch.lost_control_rows

    def result(self) -> dict[str, Any]:
        """The counts of the result line."""
        names = ("registered", "loaded", "rows_read", *READ, "removed", "reread", "repaired_dates", "expired")
        findings = None if self.findings is None else len(self.findings)
        return {**self.counts, **{name: self.sums[name] for name in names}, "findings": findings}

    def by_school(self) -> dict[int, dict[str, Any]]:
        """The schools with lists that were not loaded: how many, and why the first was not."""
        failed: dict[int, list[ListId]] = defaultdict(list)
        for each in sorted(self.faults):
            failed[each.school].append(each)
        return {
            school: {
                "lists_failed": len(lists),
                "fault": f"the list of {lists[0].day} was not loaded: {self.faults[lists[0]]}",
            }
            for school, lists in failed.items()
        }

    def failures(self, part: Part, areas: Areas) -> list[str]:
        """A sentence for each thing that needs a person each time that a run finds it; `part`: of the run."""
        unknown = plan.unknown_schools(part, self.found) if self.found.lists else []
        return [
            *([] if self.found.lists else [attention.nothing_landed(areas)]),
            *(attention.unknown_school(school, areas) for school in unknown),
            *attention.unloaded(self.faults, self.found.changed, areas),
            *(
                [attention.lost_control_rows(sorted(self.lost_control_rows))]
                if self.lost_control_rows
                else []
            ),
            *self.sentences,
            *quality.new_errors(self.findings or []),
        ]
