"""The file `.env`: finds it, reads its variables, and finds misspelt names of settings."""

from __future__ import annotations

import difflib
import io
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from attendance_common.plain_text import decoded, plain, trimmed

NAME = ".env"
SCRIPTS_FOLDER = Path(__file__).resolve().parents[1]
_OURS = ("ESD_", "S3_", "REDSHIFT_", "ALERT_", "HEARTBEAT_", "METRICS_")
# Least similarity by difflib: SCHOOLYEAR is near SCHOOLYEARID, and PROT near PORT; POOL is not near PORT, and
# URL is not near APIURL.
_NEAR = 0.75
_VOWELS = set("AEIOU")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
# `set NAME=x`, `set "NAME=x"` of cmd, `$env:NAME = "x"` of PowerShell, `declare -x NAME="x"` of bash
_ASSIGNS = re.compile(r"^(?:set|declare\s+-x)\s+(?=\w+\s*=)|^\$env:(?=\w+\s*=)", re.IGNORECASE)
_QUOTED_SET = re.compile(r'^set\s+"(\w+=.*)"$', re.IGNORECASE)


@dataclass(frozen=True)
class EnvFile:
    """The content of a `.env`: its variables, and a sentence for each line that cannot be read."""

    path: Path | None = None
    variables: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def find(given: str | None) -> Path | None:
    """The file that was given; else `.env` in the working directory; else `.env` in the scripts' folder."""
    here = _working_directory()
    if given is not None:
        return here / given
    return next((folder / NAME for folder in (here, SCRIPTS_FOLDER) if _is_file(folder / NAME)), None)


def _working_directory() -> Path:
    """The working directory; the scripts' folder when it has been deleted or is another user's."""
    try:
        return Path.cwd()
    except OSError:
        return SCRIPTS_FOLDER


def _is_file(path: Path) -> bool:
    """Whether a file is there that this user may see: `runuser` keeps the directory of who called it."""
    try:
        return path.is_file()
    except PermissionError:
        return False


def read(path: Path | None) -> EnvFile:
    """Read the file. A fault names its line and never quotes it, since the line may hold a secret."""
    if path is None:
        return EnvFile()
    try:
        text = _normalized(decoded(path.read_bytes()))
    except OSError as error:
        return EnvFile(path, {}, [f"{path} cannot be read ({type(error).__name__})"])
    except ValueError as fault:
        return EnvFile(path, {}, [f"{path} {fault}"])
    bindings = list(parse_stream(io.StringIO(text)))
    faults = [f"line {_line(each)} of {path} {flaw}" for each in bindings if (flaw := _fault(each))]
    sound_bindings = [each for each in bindings if not _fault(each)]
    faults += _contradictions(sound_bindings, path)
    sound = "".join(each.original.string for each in sound_bindings)
    values = dotenv_values(stream=io.StringIO(sound))
    return EnvFile(path, {name: value for name, value in values.items() if value is not None}, faults)


def _normalized(text: str) -> str:
    """The text with LF line ends, lines trimmed, and NAME=x in place of the assignments of other shells."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(_ASSIGNS.sub("", _QUOTED_SET.sub(r"\1", trimmed(line))) for line in lines)


def _fault(binding: Binding) -> str | None:
    """What is wrong with a line, or None."""
    if binding.error or (binding.key is not None and binding.value is None):
        return "is not NAME=value"
    if binding.key is not None and not _NAME.fullmatch(binding.key):
        return "has a name that is not of ASCII letters, digits and underscores alone"
    return None


def _contradictions(bindings: Sequence[Binding], path: Path) -> list[str]:
    """A fault for each name that has different values: the last one would win unnoticed."""
    places: dict[str, dict[str, int]] = defaultdict(dict)  # name -> value -> its first line
    for each in bindings:
        if each.key is not None:
            places[each.key].setdefault(plain(each.value or ""), _line(each))
    return [
        f"lines {_all_of(lines)} of {path} give one name different values: keep one line"
        for lines in (list(each.values()) for each in places.values())
        if len(lines) > 1
    ]


def _all_of(numbers: Sequence[int]) -> str:
    """`1, 2 and 3`."""
    *others, last = map(str, numbers)
    return f"{', '.join(others)} and {last}"


def _line(binding: Binding) -> int:
    """The line's number. The binding begins with the blank lines above it."""
    text = binding.original.string
    return int(binding.original.line) + text[: len(text) - len(text.lstrip())].count("\n")


def misnamed(names: Iterable[str], known: Collection[str], place: str, *, strict: bool) -> list[str]:
    """A fault for each name that has a prefix of our settings and is none; unless `strict`, only if misspelt.

    `ESD_SCHOOLYEAR_ID` is a misspelt `ESD_SCHOOL_YEAR_ID`. `S3_ENDPOINT` belongs to another program. So does
    `REDSHIFT_DATABASE_URL`: a setting's name with another word behind it is the name of something else.
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
    """The setting that a name probably means: with the same prefix, and a similar rest.

    A name that abbreviates one setting means that setting; None when it abbreviates several. Case and
    underscores make no difference. `ESD_SCHOOLYEAR` is similar to `ESD_SCHOOL_YEAR_ID`; `REDSHIFT_DB` and
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
    """Whether the name's words are short for words of the full name, in this order, and for most of them."""
    words, full_words = name.strip("_").split("_"), full.split("_")
    remaining = iter(full_words)
    in_order = all(any(_is_short_for(word, each) for each in remaining) for word in words)
    return in_order and 2 * len(words) > len(full_words)


def _is_short_for(word: str, full: str) -> bool:
    """Whether it is the same word, or its first letter and some of its consonants: DB for DATABASE."""
    letters = iter(full[1:])
    short = len(word) > 1 and word[0] == full[0] and not _VOWELS & set(word)
    return word == full or (short and all(letter in letters for letter in word[1:]))


def _squashed(text: str) -> str:
    return text.replace("_", "").upper()
