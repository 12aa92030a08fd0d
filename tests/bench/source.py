"""The source and S3 in processes of their own, so that what is measured has its process for itself."""

from __future__ import annotations

import json
import sys

from tests.bench.processes import Companion
from tests.sandbox import Options, Sandbox
from tests.sandbox.esd.faults import Fault


class Source(Companion):
    """`schools` schools of `records` records each, over 60 dates, and an empty bucket."""

    def __init__(self, schools: int, records: int) -> None:
        super().__init__("source", str(schools), str(records))

    def __enter__(self) -> Source:
        super().__enter__()
        return self

    def environment(self, **more: str) -> dict[str, str]:
        """What a process needs to see this source and this bucket."""
        return {**self.announced["environment"], **more}

    def empty_bucket(self) -> None:
        """Forget everything that was landed."""
        self.ask(do="empty")

    def slow_down(self, seconds: float) -> None:
        """Let every page take so long."""
        self.ask(do="slow", seconds=seconds)

    def delete(self, every: int) -> None:
        """Delete one record of every so-many-th school."""
        self.ask(do="delete", every=every)


def client_of(sandbox: Sandbox) -> dict[str, str]:
    """What a tool needs that does not look the secret up by itself."""
    esd = sandbox.esd
    return {
        "BENCH_TOKEN_URL": esd.token_url,
        "BENCH_CLIENT_ID": esd.tokens.client_id,
        "BENCH_CLIENT_SECRET": esd.tokens.client_secret,
    }


def serve(sandbox: Sandbox) -> None:
    """Do what the lines on stdin say, until it closes."""
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "empty":
            sandbox.aws.reset()
        elif request["do"] == "delete":
            for school in [school["id"] for school in sandbox.source.schools][:: request["every"]]:
                rows = sandbox.source.bodies(school)
                if rows:
                    sandbox.source.remove(school, rows[len(rows) // 2].id)
        else:
            sandbox.esd.faults.clear()
            sandbox.esd.faults.add(Fault("slow", seconds=request["seconds"], times=None))
        print("{}", flush=True)


def main() -> None:
    """Start, say how to reach it, serve."""
    schools, records = map(int, sys.argv[1:])
    with Sandbox(Options(redshift=False, schools=schools, records=records)) as sandbox:
        environment = sandbox.process_environment()
        print(json.dumps({"environment": environment, "client": client_of(sandbox)}), flush=True)
        serve(sandbox)


if __name__ == "__main__":
    main()
