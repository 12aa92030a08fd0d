"""S3's ListObjectsV2 over keys that are only names, answered as fast as S3 does; moto looks at each key."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence

PAST_ALL = "\U0010ffff"  # sorts after every key that goes on
SIZE = 65_000  # bytes, that every object claims to have
ENTRY = (
    "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;{etag}&quot;"
    "</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
)


class Listing:
    """Answers requests about a fixed set of keys."""

    def __init__(self, bucket: str, keys: Sequence[str]) -> None:
        self._bucket = bucket
        self._keys = sorted(keys)

    def answer(self, asked: Mapping[str, str]) -> str:
        """The XML for the request's parameters."""
        prefix, delimiter = asked.get("prefix", ""), asked.get("delimiter", "")
        most = int(asked.get("max-keys", "1000"))
        after = asked.get("continuation-token") or asked.get("start-after", "")
        keys, folders, last = self._page(prefix, delimiter, max(prefix, after + "\0" if after else ""), most)
        return self._xml(keys, folders, last)

    def _page(
        self, prefix: str, delimiter: str, start: str, most: int
    ) -> tuple[list[str], list[str], str | None]:
        """Keys and folders below the prefix from `start` on; where to go on after, None at the end."""
        keys: list[str] = []
        folders: list[str] = []
        at = bisect_left(self._keys, start)
        while at < len(self._keys) and self._keys[at].startswith(prefix):
            if len(keys) + len(folders) == most:
                return keys, folders, max(keys[-1:] + [folder + PAST_ALL for folder in folders[-1:]])
            key = self._keys[at]
            folder, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if found:
                folders.append(prefix + folder + delimiter)
                at = bisect_left(self._keys, folders[-1] + PAST_ALL)
            else:
                keys.append(key)
                at += 1
        return keys, folders, None

    def _xml(self, keys: Sequence[str], folders: Sequence[str], last: str | None) -> str:
        goes_on = f"<NextContinuationToken>{last}</NextContinuationToken>" if last else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{self._bucket}</Name><KeyCount>{len(keys) + len(folders)}</KeyCount>"
            f"<IsTruncated>{str(last is not None).lower()}</IsTruncated>{goes_on}"
            + "".join(ENTRY.format(key=key, etag=_etag(key), size=SIZE) for key in keys)
            + "".join(f"<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>" for folder in folders)
            + "</ListBucketResult>"
        )


def _etag(key: str) -> str:
    return hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()
