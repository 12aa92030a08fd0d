"""How another process makes things happen at a running source. No part of the vendor's API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from .api import Answer, Request
from .changes import correct_a_day
from .faults import Fault, FaultPlan
from .source import Source

CONTROL_PATH = "/_control"


def control(
    request: Request, *, source: Source, faults: FaultPlan, counts: Callable[[], dict[str, Any]]
) -> Answer:
    """Answer a request to the control endpoint.

    GET state: the counts. POST faults: a JSON list of rules (see Fault) takes the place of those in force.
    POST corrections: a day of corrections; its counts. Status 400 when the body is no good.
    """
    action = request.method, request.path.removeprefix(CONTROL_PATH)
    try:
        if action == ("GET", "/state"):
            return _json(200, counts())
        if action == ("POST", "/faults"):
            rules = [Fault(**rule) for rule in orjson.loads(request.body)]
            faults.clear()
            faults.add(*rules)
            return _json(200, {"faults": len(rules)})
        if action == ("POST", "/corrections"):
            return _json(200, correct_a_day(source, **orjson.loads(request.body or b"{}")).as_dict())
    except (TypeError, ValueError) as error:
        return _json(400, {"error": str(error)})
    return _json(404, {"error": "no such control"})


def _json(status: int, content: object) -> Answer:
    return Answer(status, orjson.dumps(content))
