"""The file `.env`: which one is read, what it says, and names that are no setting's."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from attendance_common.plain_text import decoded, trimmed

NAME = ".env"
BESIDE_THE_SCRIPTS = Path(__file__).resolve().parents[1]
_OURS = ("ESD_", "S3_", "REDSHIFT_", "ALERT_", "HEARTBEAT_", "METRICS_")
# Of difflib: SCHOOLYEAR is near SCHOOLYEARID, and PROT near PORT; POOL is not near PORT, nor URL near APIURL.
_NEAR = 0.75
_VOWELS = set("AEIOU")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# `set NAME=x`, `set "NAME=x"` of cmd, `$env:NAME = "x"` of PowerShell, `declare -x NAME="x"` of bash
_ASSIGNS = re.compile(r"^(?:set|declare\s+-x)\s+(?=\w+\s*=)|^\$env:(?=\w+\s*=)", re.IGNORECASE)
_QUOTED_SET = re.compile(r'^set\s+"(\w+=.*)"$', re.IGNORECASE)


@dataclass(frozen=True)
class EnvFile:
    """What one `.env` says: its variables, and a sentence for each line that says nothing."""

    path: Path | None = None
    variables: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def find(given: str | None) -> Path | None:
    """The file that was given, else the first `.env` of the working directory and the scripts' own."""
    here = _working_directory()
    if given is not None:
        return here / given
    return next((folder / NAME for folder in (here, BESIDE_THE_SCRIPTS) if (folder / NAME).is_file()), None)


def _working_directory() -> Path:
    """Its path; the scripts' own where somebody deleted it."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return BESIDE_THE_SCRIPTS


def read(path: Path | None) -> EnvFile:
    """Read the file; a fault names the line and never quotes it, since it may hold a secret."""
    if path is None:
        return EnvFile()
    try:
        text = _as_a_shell_writes_it(decoded(path.read_bytes()))
    except OSError as error:
        return EnvFile(path, {}, [f"{path} cannot be read ({type(error).__name__})"])
    except ValueError as fault:
        return EnvFile(path, {}, [f"{path} {fault}"])
    bindings = list(parse_stream(io.StringIO(text)))
    faults = [f"line {_line(each)} of {path} {flaw}" for each in bindings if (flaw := _fault(each))]
    sound = "".join(each.original.string for each in bindings if not _fault(each))
    values = dotenv_values(stream=io.StringIO(sound))
    return EnvFile(path, {name: value for name, value in values.items() if value is not None}, faults)


def _as_a_shell_writes_it(text: str) -> str:
    """The same with LF line ends, nothing invisible around a line, and NAME=x for what other shells write."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_ASSIGNS.sub("", _QUOTED_SET.sub(r"\1", trimmed(line))) for line in lines)


def _fault(binding: Binding) -> str | None:
    if binding.error or (binding.key is not None and binding.value is None):
        return "is not NAME=value"
    if binding.key is not None and not _NAME.fullmatch(binding.key):
        return "has a name that is not of ASCII letters, digits and underscores alone"
    return None


def _line(binding: Binding) -> int:
    """The line's number; blank lines in front of it belong to the binding."""
    text = binding.original.string
    return int(binding.original.line) + text[: len(text) - len(text.lstrip())].count("\n")


def misnamed(names: Iterable[str], known: Collection[str], place: str, *, strict: bool) -> list[str]:
    """A fault for each name with a prefix of ours that no setting has; unless `strict`, only for near misses.

    `ESD_SCHOOLYEAR_ID` is a near miss of `ESD_SCHOOL_YEAR_ID`. `S3_ENDPOINT` is somebody else's, and so is
    `REDSHIFT_DATABASE_URL`: another word behind a setting's name makes it another thing.
    """
    faults = []
    for name in names:
        if name in known or not name.upper().startswith(_OURS):
            continue
        meant = nearest(name, sorted(known))
        another_thing = name.upper().rstrip("_").startswith(f"{meant}_")
        if meant and (strict or not another_thing):
            faults.append(f"{name} in {place} is no setting (did you mean {meant}?)")
        elif strict:
            faults.append(f"{name} in {place} is no setting (see .env.example)")
    return faults


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The setting that the name is nearly: same prefix, and the rest alike, or an abbreviation of one alone.

    Case and underscores make no difference. `ESD_SCHOOLYEAR` is like `ESD_SCHOOL_YEAR_ID`, `REDSHIFT_DB` and
    `ESD_YEAR_ID` are abbreviations.
    """
    prefix = name.upper().partition("_")[0] + "_"
    ours = {setting.removeprefix(prefix): setting for setting in known if setting.startswith(prefix)}
    rest = name.upper().removeprefix(prefix)
    if shortened := [setting for full, setting in ours.items() if _abbreviates(rest, full)]:
        return shortened[0] if len(shortened) == 1 else None
    rests = {_squashed(full): setting for full, setting in ours.items()}
    found = difflib.get_close_matches(_squashed(rest), rests, n=1, cutoff=_NEAR)
    return rests[found[0]] if found else None


def _abbreviates(name: str, full: str) -> bool:
    """Whether all words of the name stand for words of the full one, in this order, and for most of them."""
    words, full_words = name.strip("_").split("_"), full.split("_")
    remaining = iter(full_words)
    in_order = all(any(_stands_for(word, each) for each in remaining) for word in words)
    return in_order and 2 * len(words) > len(full_words)


def _stands_for(word: str, full: str) -> bool:
    """Whether it is the same word, or some of its consonants, the first letter among them: DB of DATABASE."""
    letters = iter(full[1:])
    short = len(word) > 1 and word[0] == full[0] and not _VOWELS & set(word)
    return word == full or (short and all(letter in letters for letter in word[1:]))


def _squashed(text: str) -> str:
    return text.replace("_", "").upper()
