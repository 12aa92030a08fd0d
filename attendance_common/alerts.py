"""Alerts: decides which run sends a message to a person, and writes the message. Pure; `announce` sends it.

A run that ends with status 1, 2 or 3 has sentences for a person: its attention, or its error. Sentences that
differ from those of the last alert are sent at once; the same sentences are sent again after a day. `lasting`
says which sentences are the same. A run that ends with status 0 sends nothing and clears what was remembered.
"""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attendance_common.errors import ExitStatus
from attendance_common.numerals import counted

# A nightly run begins at a slightly different minute each day: 23 hours already count as a day.
AGAIN = dt.timedelta(hours=23)
MEANINGS = {
    ExitStatus.MAY_PASS: "failed, may pass: the next run tries again",
    ExitStatus.TO_MEND: "failed, and fails until somebody mends it",
    ExitStatus.NEEDS_A_PERSON: "finished, and somebody should read this",
}
LONGEST_SUBJECT = 100  # characters (API: SNS Publish, Subject)
MOST_SENTENCES = 50
# What differs from run to run although nothing new happened. Counts, dates, schools and error codes are kept.
_PASSING = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d| UTC)?"  # a time
    r"|\b\d{8}T\d{6}Z-\w+"  # a run, see command.run_id
    r"|\b(?:query|pid|process|OID)(?::|=| ) ?\d+"  # numbers that Redshift gives
    r"|\((?:\d{1,3}\.){3}\d{1,3}\)"  # the address that a host's name had, from libpq
    r"|\bafter \d+ (?:try|tries)\b"  # a rate limit allows as many as fit into a minute
)
LONGEST_SENTENCE = 2000  # characters; a message has at most 256 KB (API: SNS Publish, Message)


@dataclass(frozen=True)
class Ended:
    """A run that ended: which command (fetch or load), how, and where to look.

    `record`: the s3:// URL of its record; None: a setting is wrong, so it has written none.
    """

    command: str
    status: ExitStatus
    run: str
    host: str
    record: str | None
    sentences: Sequence[str]


@dataclass(frozen=True)
class Memory:
    """The last alert: when it was sent, and when each sentence was first seen, by what is `lasting` in it."""

    since: Mapping[str, str]
    sent: str

    def text(self) -> dict[str, Any]:
        """The memory as a JSON object."""
        return {"since": dict(self.since), "sent": self.sent}


def memory_of(content: object) -> Memory | None:
    """The memory that `Memory.text` wrote as JSON; None when the content is anything else."""
    try:
        since, sent = content["since"], content["sent"]  # type: ignore[index]
        dt.datetime.fromisoformat(sent)
        return Memory({str(sentence): str(seen) for sentence, seen in since.items()}, sent)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def sentences_of(result: Mapping[str, Any]) -> list[str]:
    """The sentences of a result line that a person should read: its error, or its attention."""
    return [result["error"]] if "error" in result else list(result.get("attention", ()))


def lasting(sentence: str) -> str:
    """The sentence without what differs from run to run: times, numbers of queries and processes, tries."""
    return _PASSING.sub("…", sentence)


def due(last: Memory | None, sentences: Sequence[str], now: dt.datetime) -> Memory | None:
    """The memory to store once a message with these sentences is sent; None when no message is due."""
    if not sentences or (last and _is_known(last, sentences, now)):
        return None
    moment = now.isoformat(timespec="seconds")
    before = last.since if last else {}
    return Memory({each: before.get(each, moment) for each in map(lasting, sentences)}, moment)


def _is_known(last: Memory, sentences: Sequence[str], now: dt.datetime) -> bool:
    age = now - dt.datetime.fromisoformat(last.sent)
    return last.since.keys() == set(map(lasting, sentences)) and dt.timedelta(0) <= age < AGAIN


def subject(ended: Ended) -> str:
    """The subject of the message: one line of ASCII, as e-mail needs it (API: SNS Publish, Subject)."""
    reasons = counted(len(ended.sentences), "sentence", "sentences")
    return f"Attendance {ended.command}: status {int(ended.status)}, {reasons} to read"[:LONGEST_SUBJECT]


def message(ended: Ended, since: Mapping[str, str]) -> str:
    """The text of the message: how the run ended, each sentence and when it was first seen, where to look."""
    shown = ended.sentences[:MOST_SENTENCES]
    lines = [
        f"The {ended.command} ended with status {int(ended.status)}: {MEANINGS[ended.status]}.",
        "",
        *(
            f"{number}. {textwrap.shorten(sentence, LONGEST_SENTENCE)}\n"
            f"   First seen: {since[lasting(sentence)]}"
            for number, sentence in enumerate(shown, 1)
        ),
    ]
    if more := len(ended.sentences) - len(shown):
        lines.append(f"{more} more: see the run's record.")
    return "\n".join(
        [
            *lines,
            "",
            f"Host: {ended.host}",
            f"Run: {ended.run}",
            f"Record: {ended.record or 'none, since the settings are wrong'}",
            "Where to look: the log of this run, and python redshift_loader.py --status",
            "",
            "The same sentences come again after a day. A run without any ends it."
            if ended.record
            else "Each run sends this until the settings are right.",
        ]
    )
