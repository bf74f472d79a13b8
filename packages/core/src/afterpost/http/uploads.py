"""Files that are sent to us: raw, or as the one file of a form; on disk when they are large."""

import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, NamedTuple, cast

from litestar import Request
from litestar.datastructures import UploadFile
from litestar.exceptions import InternalServerException
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema

from afterpost.domain.errors import InvalidInput

IN_MEMORY = 1024 * 1024
"""Bytes of a file that are held before it goes to disk."""
NAME = 200
_FORM = "multipart/form-data"
_RAW = "application/octet-stream"


class Upload(NamedTuple):
    """A file that was sent, and its name where the sender gave one."""

    file: BinaryIO
    name: str


@dataclass
class FileOperation(Operation):
    """The description of a route that takes a file."""

    def __post_init__(self) -> None:
        binary = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        form = Schema(type=OpenAPIType.OBJECT, properties={"file": binary}, required=["file"])
        self.request_body = RequestBody(
            description="The file, raw with any content type, or as the one file of a form.",
            content={_RAW: OpenAPIMediaType(schema=binary), _FORM: OpenAPIMediaType(schema=form)},
            required=True,
        )


@asynccontextmanager
async def uploaded(request: Request[Any, Any, Any]) -> AsyncIterator[Upload]:
    """The file of a request; it is gone afterwards. Raises InvalidInput for a form without one file."""
    kind, _ = request.content_type
    if kind == "application/json":
        raise InvalidInput(
            "This route takes a file, and the body says that it is JSON.",
            hint="Rows as JSON go to POST /v1/content-performance/import/manual.",
        )
    try:
        if kind == _FORM:
            form = await request.form()
            values = [value for _, value in form.multi_items()]
            files = [value for value in values if isinstance(value, UploadFile)]
            if len(values) != 1 or len(files) != 1:
                for each in files:
                    await each.close()
                raise InvalidInput("The form must hold one file and nothing else.")
            try:
                yield Upload(cast(BinaryIO, files[0].file), named(files[0].filename))
            finally:
                await files[0].close()
            return
        with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            async for chunk in request.stream():
                spool.write(chunk)
            spool.seek(0)
            yield Upload(cast(BinaryIO, spool), "")
    except InternalServerException as error:
        raise InvalidInput("The client hung up before its request was complete.") from error


def named(name: str) -> str:
    """The last part of a file's name, as it may be shown and kept."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if unicodedata.category(c)[0] != "C").strip()[:NAME]
