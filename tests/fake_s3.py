"""S3 in memory, with conditional PUTs; each call passes a gate, so that those of several clients mix."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from random import Random
from threading import Condition, Thread
from typing import Any

from botocore.exceptions import ClientError

Gate = Callable[[], None]


class FakeS3:
    """A bucket; `gate` is passed before each call."""

    def __init__(self, objects: dict[str, tuple[bytes, dict[str, str]]], gate: Gate) -> None:
        self.objects = objects
        self._gate = gate

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        self._gate()
        if Key not in self.objects:
            raise _refusal(404, "NoSuchKey", "GetObject")
        body, metadata = self.objects[Key]
        return {"Body": io.BytesIO(body), "ETag": etag(body), "Metadata": metadata}

    def put_object(
        self,
        *,
        Bucket: str,  # noqa: N803
        Key: str,  # noqa: N803
        Body: bytes,  # noqa: N803
        Metadata: dict[str, str],  # noqa: N803
        IfMatch: str | None = None,  # noqa: N803
        IfNoneMatch: str | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        self._gate()
        stored = self.objects.get(Key)
        if (IfNoneMatch and stored) or (IfMatch and (stored is None or etag(stored[0]) != IfMatch)):
            raise _refusal(412, "PreconditionFailed", "PutObject")
        self.objects[Key] = (Body, Metadata)
        return {"ETag": etag(Body)}

    def get_paginator(self, _name: str) -> FakeS3:
        return self

    def paginate(self, *, Bucket: str, Prefix: str, StartAfter: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        self._gate()
        found = [{"Key": key, "ETag": etag(body)} for key, (body, _) in self.objects.items()]
        keys = [each for each in found if str(each["Key"]).startswith(Prefix)]
        yield {"Contents": [each for each in keys if str(each["Key"]) > StartAfter]}


def etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


def _refusal(status: int, code: str, action: str) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, action)


class Turns:
    """Lets one of several threads go on at a time, from gate to gate; chance decides which."""

    def __init__(self, chance: Random, after_each: Callable[[], None]) -> None:
        self._chance = chance
        self._after_each = after_each
        self._changed = Condition()
        self._waiting: set[int] = set()
        self._running: set[int] = set()
        self.faults: list[BaseException] = []

    def gate(self, number: int) -> Gate:
        """What a thread of this number passes."""

        def wait() -> None:
            with self._changed:
                self._running.discard(number)
                self._waiting.add(number)
                self._changed.notify_all()
                self._changed.wait_for(lambda: number in self._running)

        return wait

    def run(self, works: list[Callable[[], None]]) -> None:
        """Do all of these, interleaved; raises what one of them raised."""
        self._running = set(range(len(works)))
        for number, work in enumerate(works):
            Thread(target=self._do, args=(number, work), daemon=True).start()
        while True:
            with self._changed:
                assert self._changed.wait_for(lambda: not self._running, 60)
                if not self._waiting or self.faults:
                    break
                self._after_each()
                following = self._chance.choice(sorted(self._waiting))
                self._waiting.remove(following)
                self._running.add(following)
                self._changed.notify_all()
        if self.faults:
            raise self.faults[0]

    def _do(self, number: int, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised by the test's own thread
            self.faults.append(error)
        with self._changed:
            self._running.discard(number)
            self._changed.notify_all()
