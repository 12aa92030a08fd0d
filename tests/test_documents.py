"""The documents say what is so: settings, flags, statuses, messages, queries, policies, modules, targets."""

from __future__ import annotations

import argparse
import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

import esd_period_attendance_fetcher
import redshift_loader
from attendance_common.config import AwsSettings, FetcherSettings, LoaderSettings
from attendance_common.errors import ExitStatus
from tests.bench import model
from tests.documents import DOCUMENTS, README, ROOT, owner_queries, section, text_of_all

TEXT = text_of_all()
PARSERS = {
    "fetcher": esd_period_attendance_fetcher.flags(),
    "loader": redshift_loader.flags(),
}

# As the analysts wrote them.
QUERIES = [
    """SELECT COUNT(*), year, month, day FROM esd_spectrum.period_attendance GROUP BY year, month, day ORDER BY year DESC, month DESC, day DESC""",  # noqa: E501
    """SELECT attendance_date, COUNT(*) as total_records, COUNT(DISTINCT student_id) as unique_students,
    SUM(CASE WHEN attendance_status = 'Absent' THEN 1 ELSE 0 END) as absences
FROM public.period_attendance WHERE attendance_date >= '2025-12-01' GROUP BY attendance_date ORDER BY attendance_date DESC""",  # noqa: E501
    """SELECT COUNT(DISTINCT year || '-' || month || '-' || day) as partition_count FROM esd_spectrum.period_attendance""",  # noqa: E501
    """SELECT MAX(attendance_date) as latest_date, MAX(modified_on) as latest_modified FROM public.period_attendance""",  # noqa: E501
    """SELECT 'External' as source, COUNT(*) as row_count FROM esd_spectrum.period_attendance
UNION ALL SELECT 'Native' as source, COUNT(*) as row_count FROM public.period_attendance""",
]


@pytest.mark.parametrize("settings", [FetcherSettings, LoaderSettings])
def test_every_setting_is_in_a_table_with_its_flag_and_default(settings: type[AwsSettings]) -> None:
    rows = {
        cells[1].strip(" `"): cells
        for cells in (line.split("|") for line in section("Settings").splitlines())
        if len(cells) > 4
    }
    for declared in fields(settings):
        setting = declared.metadata
        cells = rows[setting["variable"]]
        assert (setting["flag"] or "") == cells[2].strip(" `")
        assert setting["default"] is None or setting["default"] in cells[3]


@pytest.mark.parametrize("name", PARSERS)
def test_every_flag_is_named(name: str) -> None:
    flags = [flag for action in PARSERS[name]._actions for flag in action.option_strings]
    assert "--dry-run" in flags
    for flag in flags:
        assert flag in ("-h",) or f"`{flag}" in TEXT, flag


def test_every_flag_that_is_named_exists() -> None:
    known = {flag for parser in PARSERS.values() for flag in option_strings(parser)}
    own = re.findall(r"`(--[a-z-]+)", TEXT)
    assert own
    assert set(own) <= known


def option_strings(parser: argparse.ArgumentParser) -> list[str]:
    return [flag for action in parser._actions for flag in action.option_strings]


def test_every_exit_status_is_documented() -> None:
    rows = re.findall(r"^\| (\d) \| .+ \| (.+) \|$", section("Exit statuses"), re.MULTILINE)
    assert rows == [("0", "go on"), ("1", "try again"), ("2", "not retry"), ("3", "go on, and alert")]
    assert [int(status) for status, _ in rows] == list(ExitStatus)


def test_the_owners_queries_are_the_owners() -> None:
    assert owner_queries() == QUERIES


def test_the_readme_is_short() -> None:
    lines = README.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    assert [line for line in lines if len(line) > 120] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_and_heading_that_is_linked_exists(path: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        name, _, heading = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not heading or heading in anchors(target.read_text(encoding="utf-8")), link


def anchors(text: str) -> set[str]:
    """What a heading is linked by: in lower case, hyphens for blanks, without other marks."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_module_has_its_place_in_the_design() -> None:
    package = ROOT / "attendance_common"
    modules = {path.stem for path in package.rglob("*.py")} - {"__init__"}
    named = set(re.findall(r"`(\w+)`", section("Modules")))
    assert modules - named == set()


def test_every_schedule_is_linked_where_it_is_explained() -> None:
    folder = ROOT / "docs" / "schedules"
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert sorted({*links} - {"../performance.md"}) == sorted(
        path.name for path in folder.iterdir() if path.name != "README.md"
    )


def test_every_policy_is_linked() -> None:
    files = sorted(path.name for path in (ROOT / "docs" / "policies").iterdir())
    assert sorted(re.findall(r"\(policies/([a-z.-]+)\)", section("Rights"))) == files


def test_every_target_that_is_named_exists() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", TEXT)) | set(
        re.findall(r"^make ([a-z-]+)$", TEXT, re.MULTILINE)
    )
    assert named
    assert named <= made


def test_the_troubleshooting_names_what_the_owner_asked_for() -> None:
    for trouble in ("Spectrum Scan Error", "Duplicate Key Violation", "Date Parse Error"):
        assert f"**{trouble}**" in section("Troubleshooting")


def test_the_hours_and_costs_are_the_models() -> None:
    documented = section("Hours of a fetch")
    for cells in (*model.hours(), *model.growth()):
        assert f"| {' | '.join(cells)} |" in documented


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_prose_is_wrapped(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert [line for line in text.splitlines() if len(line) > 120 and not line.startswith("|")] == []


# --- messages -----------------------------------------------------------------------------------------------


def messages() -> list[str]:
    """The messages that the troubleshooting quotes at the beginning of its list items."""
    text = " ".join(section("Troubleshooting").split())
    items = re.findall(r"(?<= - )(?:`[^`]+`(?:, | with |(?= \(|: )))+", text)
    return [message for item in items for message in re.findall(r"`([^`]+)`", item)]


def texts_of(script: Path) -> list[str]:
    """The texts in a file of Python; what is filled into one is `…`."""
    nodes = ast.walk(ast.parse(script.read_text(encoding="utf-8")))
    return [_text(node) for node in nodes if isinstance(node, ast.Constant | ast.JoinedStr)]


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    return str(node.value) if isinstance(node, ast.Constant) else "…"


SCRIPTS = [*ROOT.glob("*.py"), *(ROOT / "attendance_common").rglob("*.py")]
PRINTED = "\n".join(text for script in SCRIPTS for text in texts_of(script))


def test_the_troubleshooting_quotes_many_messages() -> None:
    assert len(messages()) > 100


@pytest.mark.parametrize("message", messages())
def test_a_message_that_is_quoted_is_printed(message: str) -> None:
    for words in message.split("…"):
        assert words.strip() in PRINTED


def test_every_test_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`(?:tests/)?(test_\w+\.py)`", TEXT))
    assert named
    assert named <= {path.name for path in (ROOT / "tests").glob("test_*.py")}
