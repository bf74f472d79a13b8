"""Raw payloads: what a reading was made of, as it was kept."""

from litestar import get
from msgspec import Struct

from afterpost.http.errors import problems
from afterpost.http.params import PayloadDigest
from afterpost.http.scope import Call
from afterpost.http.views import NoMeta
from afterpost.services.post_receipts import StoredPayload, payload


class PayloadAnswer(Struct, frozen=True):
    """One payload."""

    data: StoredPayload
    meta: NoMeta = NoMeta()


@get("/payloads/{sha256:str}", summary="Show a raw payload", responses=problems("not_found"))
async def read_payload(call: Call, sha256: PayloadDigest) -> PayloadAnswer:
    """The answer or file of that hash, without secrets, and what it answered.

    It is shown to whoever may see every post it was asked for, and is not found for anybody else. A body
    that a cap dropped is null and `dropped` says why; its hash stays.
    """
    return PayloadAnswer(await call.reading(payload, sha256))
