"""Runs a script and prints, as the last line, how much memory the process had at its peak.

Linux alone tells it of one process: `ru_maxrss` counts what the parent had when it forked as well.
"""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path


def peak_kilobytes() -> int:
    """The process's peak so far; RuntimeError where the system does not tell."""
    status = Path("/proc/self/status")
    match = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    if match is None:
        raise RuntimeError("peak memory is measured on Linux only")
    return int(match[1])


def main() -> None:
    """Run the script that the command line names, as if by itself."""
    sys.argv = sys.argv[1:]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        print(json.dumps({"peak_kilobytes": peak_kilobytes()}), flush=True)


if __name__ == "__main__":
    main()
