"""A model in a bucket of this cloud, as a source that the engine pulls from."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from volano.kernel.errors import Conflict, Invalid, NotFound
from volano.kernel.inference import SourceFile
from volano.services.objects import interface as objects

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from volano.kernel.call import Call, Env

MAX_FILES = 1000
"""Objects looked at under the prefix; a model has a few dozen files."""

_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class BucketSource:
    """The objects of `bucket` below `prefix` ('' or ending in `/`), as `call` may read them."""

    env: Env
    call: Call
    bucket: str
    prefix: str

    @property
    def text(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    async def list_files(self) -> list[SourceFile]:
        page = await objects.list_objects(
            self.env, self.call, self.bucket, prefix=self.prefix, limit=MAX_FILES
        )
        if not page.objects:
            raise NotFound(f"There is nothing in {self.text}.")
        return [_source_file(item, self.prefix) for item in page.objects]

    async def read(self, file: SourceFile, start_byte: int) -> AsyncIterator[bytes]:
        item, chunks = await objects.open_object(
            self.env, self.call, self.bucket, self.prefix + file.name, start_byte=start_byte
        )
        if _version(item.etag, item.modified_us) != file.version:
            raise Conflict(f"{file.name} changed in {self.text} meanwhile; pull again.")
        async for chunk in chunks:
            yield chunk


def is_bucket(source: str) -> bool:
    return source.startswith("s3://")


def bucket_source(env: Env, call: Call, source: str) -> BucketSource:
    """The source that `s3://bucket/prefix` names; raises Invalid."""
    found = _URL.fullmatch(source)
    if found is None:
        raise Invalid(
            f"'{source}' names no bucket. Write s3://BUCKET or s3://BUCKET/FOLDER.",
            fields={"param": "source"},
        )
    prefix = found[2] or ""
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    return BucketSource(env, call, found[1], prefix)


def _source_file(item: objects.ListedObject, prefix: str) -> SourceFile:
    checksum = item.checksum
    digest = ""
    if checksum is not None and checksum.kind == "FULL_OBJECT":
        value = base64.b64decode(checksum.value).hex()
        digest = f"{checksum.algorithm.lower()}:{value}"
    return SourceFile(
        name=item.key.removeprefix(prefix),
        size_bytes=item.size_bytes,
        version=_version(item.etag, item.modified_us),
        digest=digest,
    )


def _version(etag: str, modified_us: int) -> str:
    return f"{etag} {modified_us}"
