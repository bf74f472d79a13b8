"""Brands: add and list."""

from litestar import get, post
from litestar.params import JSONBody
from msgspec import Struct

from afterpost.domain.ids import ShortText, Slug
from afterpost.http.errors import problems
from afterpost.http.scope import Call
from afterpost.http.views import BrandView, NoMeta, brand_view
from afterpost.services.catalogue import add_brand, list_brands


class NewBrand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A brand to add; its slug is made of the name when not given."""

    name: ShortText
    slug: Slug | None = None


class BrandAnswer(Struct, frozen=True):
    """One brand."""

    data: BrandView
    meta: NoMeta = NoMeta()


class BrandsAnswer(Struct, frozen=True):
    """Every brand, by name."""

    data: list[BrandView]
    meta: NoMeta = NoMeta()


@post(
    "/brands",
    status_code=201,
    opt={"action": "manage"},
    summary="Add a brand",
    responses=problems("conflict", "too_large"),
)
async def create_brand(call: Call, data: JSONBody[NewBrand]) -> BrandAnswer:
    """A new brand of the organisation; its slug is unique."""
    return BrandAnswer(brand_view(await call.writing(add_brand, data.name, data.slug)))


@get("/brands", summary="List brands", responses=problems())
async def read_brands(call: Call) -> BrandsAnswer:
    """Every brand, by name."""
    return BrandsAnswer([brand_view(each) for each in await call.reading(list_brands)])
