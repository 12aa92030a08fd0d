"""The first rows of the table of status codes: what an attendance status means. People edit that table."""

from __future__ import annotations

ABSENT, TARDY, PRESENT, OTHER = "absent", "tardy", "present", "other"

# Each status with its meaning; only words that leave no doubt. A check of the data names any other status.
FIRST_CODES: tuple[tuple[str, str], ...] = (
    ("A", ABSENT),
    ("Absent", ABSENT),
    ("T", TARDY),
    ("Tardy", TARDY),
    ("Late", TARDY),
    ("P", PRESENT),
    ("Present", PRESENT),
    ("Early Dismissal", PRESENT),
)
