"""The file `.env`: which one is read, what it says, and names that are no setting's."""

from __future__ import annotations

import difflib
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

NAME = ".env"
BESIDE_THE_SCRIPTS = Path(__file__).resolve().parents[1]
_OURS = ("ESD_", "S3_", "REDSHIFT_")
# Of difflib: SCHOOLYEAR is near SCHOOLYEARID, and PROT near PORT; POOL is not near PORT, nor URL near APIURL.
_NEAR = 0.75


@dataclass(frozen=True)
class EnvFile:
    """What one `.env` says: its variables, and a sentence for each line that says nothing."""

    path: Path | None = None
    variables: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def find(given: str | None) -> Path | None:
    """The file that was given, else the first `.env` of the working directory and the scripts' own."""
    if given is not None:
        return Path(given).absolute()
    folders = (Path.cwd(), BESIDE_THE_SCRIPTS)
    return next((folder / NAME for folder in folders if (folder / NAME).is_file()), None)


def read(path: Path | None) -> EnvFile:
    """Read the file; a fault names the line and never quotes it, since it may hold a secret."""
    if path is None:
        return EnvFile()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return EnvFile(path, {}, [f"{path} cannot be read ({type(error).__name__})"])
    bindings = list(parse_stream(io.StringIO(text)))
    faults = [f"line {_line(each)} of {path} is not NAME=value" for each in bindings if _is_malformed(each)]
    sound = "".join(each.original.string for each in bindings if not _is_malformed(each))
    values = dotenv_values(stream=io.StringIO(sound))
    return EnvFile(path, {name: value for name, value in values.items() if value is not None}, faults)


def _is_malformed(binding: Binding) -> bool:
    return binding.error or (binding.key is not None and binding.value is None)


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
    """The setting that the name is nearly: same prefix, and the rest alike but for case and underscores.

    Or its first word is missing: `ESD_YEAR_ID`. A single word that is left, as in `ESD_URL`, says too little.
    """
    prefix = name.upper().partition("_")[0] + "_"
    ours = [setting for setting in known if setting.startswith(prefix)]
    rest = name.upper()[len(prefix) :]
    if "_" in rest.strip("_") and (longer := [setting for setting in ours if setting.endswith(f"_{rest}")]):
        return longer[0]
    rests = {_squashed(setting.removeprefix(prefix)): setting for setting in ours}
    found = difflib.get_close_matches(_squashed(name[len(prefix) :]), rests, n=1, cutoff=_NEAR)
    return rests[found[0]] if found else None


def _squashed(text: str) -> str:
    return text.replace("_", "").upper()
