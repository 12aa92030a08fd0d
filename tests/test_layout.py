"""The owner's design card: quick help, one room for the environment, pure modules that stay pure."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import esd_period_attendance_fetcher
import redshift_loader
from attendance_common import installation
from tests.documents import ROOT

SCRIPTS = ("esd_period_attendance_fetcher", "redshift_loader")
PACKAGE = sorted((ROOT / "attendance_common").rglob("*.py"))
PRODUCTION = [*(ROOT / f"{name}.py" for name in SCRIPTS), *PACKAGE]
PURE = (
    "alerts",
    "metrics",
    "columns",
    "env_file",
    "errors",
    "installation",
    "landing",
    "machine",
    "numerals",
    "plain_text",
    "policies",
    "proxies",
    "secret_text",
    "setting_text",
    "status_codes",
    "tables",
    "conditions",
    "fetch.asked_pause",
    "fetch.body_text",
    "fetch.faults",
    "fetch.deep_json",
    "fetch.extra_fields",
    "fetch.attention",
    "fetch.lists",
    "fetch.packed_pages",
    "fetch.page",
    "fetch.paging",
    "fetch.proof",
    "fetch.reading",
    "fetch.record",
    "fetch.school_list",
    "fetch.sorting",
    "fetch.sums",
    "fetch.totals",
    "load.assumptions",
    "load.attendance_views",
    "load.footers",
    "load.history_sql",
    "load.merge_sql",
    "load.native_sql",
    "load.node_error",
    "load.plan",
    "load.quality",
    "load.quality_sql",
    "load.refusals",
    "load.school_days",
    "load.settle_sql",
    "load.setup_sql",
    "load.history_views",
    "load.view",
    "load.views",
)
OUTSIDE = {"boto3", "botocore", "psycopg2", "requests"}
HEAVY = {"boto3", "botocore", "polars", "psycopg2"}


def imported(*command: str) -> set[str]:
    """Every module that a new interpreter imports when it runs the command."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", *command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(re.findall(r"^import time: .*\| +(\S+)$", ran.stderr, flags=re.MULTILINE))


def packages(modules: set[str]) -> set[str]:
    return {module.split(".")[0] for module in modules}


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_imports_nothing_heavy(script: str) -> None:
    modules = imported(f"{script}.py", "--help")
    assert "argparse" in modules
    assert packages(modules) & HEAVY == set()


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_names_the_flags_the_variables_and_the_exit_statuses(script: str) -> None:
    ran = subprocess.run(
        [sys.executable, f"{script}.py", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for word in (
        "--dry-run",
        "--verbose",
        "S3_BUCKET",
        "AWS_REGION",
        "_SECRET_ID",
        "0 all done",
        "3 finished",
    ):
        assert word in " ".join(ran.stdout.split())


@pytest.mark.parametrize("script", [esd_period_attendance_fetcher, redshift_loader])
def test_the_examples_of_the_help_can_be_typed(script: Any) -> None:
    assert script.EXAMPLES
    for flags in script.EXAMPLES:
        assert script.flags().parse_args(flags.split())
        assert f"{flags}\n" in script.flags().format_help()


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_reaches_nothing_outside(module: str) -> None:
    modules = imported("-c", f"import attendance_common.{module}")
    assert f"attendance_common.{module}" in modules
    assert packages(modules) & OUTSIDE == set()


def names_used(path: Path) -> set[str]:
    """Dotted names that a file mentions in code, and the modules that it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    dotted = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            dotted |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return dotted


def imported_at_run_time(path: Path) -> set[str]:
    """The packages that a file imports, but for those that only the type checker needs."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    found |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    return packages(found)


def test_production_installs_what_it_imports_pinned_and_nothing_else() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.partition("==") for line in lines if not line.startswith("#")]
    assert all(version for _, _, version in pinned)
    imported_packages = set().union(*map(imported_at_run_time, PRODUCTION))
    known = importlib.metadata.packages_distributions()
    needed = {known[name][0] for name in imported_packages & known.keys()}
    assert {name for name, _, _ in pinned} == needed - {"botocore"}  # boto3 pins its range of it
    assert {known[name][0] for name in installation.PACKAGES} == needed - {"botocore"}


@pytest.mark.parametrize("path", PRODUCTION, ids=lambda path: path.name)
def test_the_environment_is_read_in_one_module_alone(path: Path) -> None:
    reads = {name for name in names_used(path) if name.startswith(("os.environ", "os.getenv"))}
    assert bool(reads) == (path.name == "config.py")


@pytest.mark.parametrize("path", PRODUCTION, ids=lambda path: path.name)
def test_production_code_does_not_know_the_tests(path: Path) -> None:
    assert not any(name == "tests" or name.startswith("tests.") for name in names_used(path))
    assert "sandbox" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PRODUCTION, ids=lambda path: path.name)
def test_files_and_functions_fit_a_readers_head(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    assert len(text.splitlines()) <= 450
    assert [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= 60] == []


def test_no_room_without_a_name() -> None:
    assert {"utils.py", "helpers.py", "common.py"} & {path.name for path in PACKAGE} == set()


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_ends_as_the_card_says(script: str) -> None:
    text = (ROOT / f"{script}.py").read_text(encoding="utf-8")
    assert "def main(argv: Sequence[str] | None = None) -> int:" in text
    assert text.endswith('if __name__ == "__main__":\n    sys.exit(main())\n')
