"""An environment of its own for dlt, made once and kept, so that its dependencies never meet ours."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENT = "dlt[filesystem,parquet]==1.31.0"


def python() -> Path:
    """The interpreter of dlt's environment, be it there or not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return cache / "period-attendance-bench" / f"{REQUIREMENT}-{version}" / "bin" / "python"


def is_made() -> bool:
    """Whether it was made to its end: dlt's command comes with dlt."""
    return (python().parent / "dlt").exists()


def make() -> None:
    """Make it; CalledProcessError when the package index cannot be reached."""
    venv.create(python().parent.parent, clear=True, with_pip=True)
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", REQUIREMENT]
    subprocess.run([python(), *install], check=True, capture_output=True, text=True)
