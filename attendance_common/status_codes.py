"""What an attendance status means, as far as it is known before anybody edits the table of codes."""

from __future__ import annotations

ABSENT, TARDY, PRESENT, OTHER = "absent", "tardy", "present", "other"

# Each status with its meaning. Only words that leave no doubt: a word that is missing is named by a check.
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
