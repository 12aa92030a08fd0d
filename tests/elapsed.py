"""Lets time pass for the scripts: the records of earlier runs in S3 are made older, names and times alike."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from tests.bucket import RUNS
from tests.pipeline import Pipeline

_NAME = "%Y%m%dT%H%M%SZ"
_TIMES = ("began", "since", "told")


def let_pass(pipeline: Pipeline, time: dt.timedelta, command: str = "fetch") -> None:
    """Let all runs of a command have been so much earlier."""
    client, bucket = pipeline.sandbox.aws.client("s3"), pipeline.sandbox.aws.bucket
    for name in pipeline.bucket.keys(f"{RUNS}{command}/"):
        key = f"{RUNS}{command}/{name}"
        record = _earlier(json.loads(pipeline.bucket.read(key)), time)
        moment, dash, rest = name.partition("-")
        earlier = f"{dt.datetime.strptime(moment, _NAME) - time:{_NAME}}"
        record["run"] = f"{earlier}{dash}{rest.removesuffix('.json')}"
        client.put_object(Bucket=bucket, Key=f"{RUNS}{command}/{record['run']}.json", Body=json.dumps(record))
        client.delete_object(Bucket=bucket, Key=key)


def _earlier(record: Any, time: dt.timedelta) -> Any:
    """A record whose times are so much earlier."""
    if not isinstance(record, dict):
        return record
    return {
        name: (dt.datetime.fromisoformat(value) - time).isoformat(timespec="seconds")
        if name in _TIMES and value
        else _earlier(value, time)
        for name, value in record.items()
    }
