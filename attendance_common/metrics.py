"""The CloudWatch metrics of a run: a few numbers for each command. Pure; `announce` sends them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

# Command -> metric -> the counts of the result line whose sum is the metric.
COUNTS: dict[str, dict[str, tuple[str, ...]]] = {
    "fetch": {"Rows": ("landed",), "Lists": ("lists_written",), "Quarantined": ("quarantined",)},
    "load": {"Rows": ("inserted", "updated", "removed"), "Lists": ("loaded",)},
}


def data(command: str, result: Mapping[str, Any], now: dt.datetime) -> list[dict[str, Any]]:
    """The metrics of a run (API: CloudWatch PutMetricData), each with the dimension Command: fetch or load.

    Rows: landed by a fetch; written and removed by a load. Lists: written by a fetch; loaded by a load.
    DaysBehind: days from the newest date to today (UTC), if the run read a date. Status, Seconds: always.
    """
    values: dict[str, float] = {"Status": result["status"], "Seconds": result["seconds"]}
    for name, parts in COUNTS[command].items():
        found = [result[part] for part in parts if part in result]
        if found:
            values[name] = sum(found)
    if newest := result.get("newest_date"):
        values["DaysBehind"] = (now.date() - dt.date.fromisoformat(str(newest))).days
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": "Command", "Value": command}],
            "Timestamp": now,
            "Value": float(value),
            "Unit": "Seconds" if name == "Seconds" else "None" if name == "Status" else "Count",
        }
        for name, value in values.items()
    ]
