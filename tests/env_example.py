"""`.env.example`, from the settings that the scripts declare; `make settings` writes it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import Field, fields
from typing import Any

from attendance_common.config import AwsSettings, FetcherSettings, LoaderSettings

_INTRODUCTION = """\
Settings of both scripts. Copy this file to .env, in the directory where the scripts are started or in their
own, and take the # away from what differs from the default. The environment and the flags win. .env may hold
the variables of boto3 as well. No secret belongs here: those are in AWS Secrets Manager.
"""
_WIDTH = 110


def render() -> str:
    """Every setting: what it is, and a line that sets its default."""
    shared = {each.metadata["variable"] for each in fields(AwsSettings)}
    parts = [_comment(" ".join(_INTRODUCTION.split()))]
    for title, kind, omitted in (
        ("both scripts", AwsSettings, set[str]()),
        ("esd_period_attendance_fetcher.py", FetcherSettings, shared),
        ("redshift_loader.py", LoaderSettings, shared),
    ):
        own = [each for each in fields(kind) if each.metadata["variable"] not in omitted]
        parts.append(f"# --- {title} ".ljust(_WIDTH, "-"))
        parts.extend(_setting(each) for each in own)
    return "\n\n".join(parts) + "\n"


def _setting(declared: Field[Any]) -> str:
    metadata = declared.metadata
    required = "; required" if metadata["required"] else ""
    unless = "; what the secret says goes before the default" if metadata["in_secret"] else ""
    about = _comment(f"{metadata['about']}{required}{unless}")
    return f"{about}\n#{metadata['variable']}={metadata['default'] or ''}"


def _comment(text: str) -> str:
    lines: Sequence[str] = textwrap.wrap(text, _WIDTH - 2, break_on_hyphens=False)
    return "\n".join(f"# {line}" for line in lines)
