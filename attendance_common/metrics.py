"""What CloudWatch is given of a run: a few numbers, by command. Pure; `announce` sends them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

# Command -> metric -> the counts of its result line that the metric adds up.
COUNTS: dict[str, dict[str, tuple[str, ...]]] = {
    "fetch": {"Rows": ("landed",), "Lists": ("lists_written",), "Quarantined": ("quarantined",)},
    "load": {"Rows": ("inserted", "updated", "removed"), "Lists": ("loaded",)},
}


def data(command: str, result: Mapping[str, Any], now: dt.datetime) -> list[dict[str, Any]]:
    """The data of a run (API: CloudWatch PutMetricData), with the one dimension Command: fetch or load.

    Rows: landed, or written and removed. Lists: written, or loaded. DaysBehind: days from the newest date to
    today (UTC), where the run saw one. Status, Seconds: always.
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
