"""Posts: register, list, show."""

from datetime import date
from typing import Annotated, Literal, TypeAlias

from litestar import get, patch, post
from litestar.params import JSONBody, QueryParameter
from msgspec import UNSET, Struct, UnsetType

from afterpost.domain.ids import NO_CONTROL, ExternalId, Platform, RowId, ShortText, Text, Url
from afterpost.domain.posts import UNKNOWN_TYPE, ContentType, CreativeLinks
from afterpost.http.errors import problems
from afterpost.http.instants import Aware, either
from afterpost.http.paging import Pages
from afterpost.http.params import (
    CursorText,
    OptionalAccountId,
    OptionalBrandId,
    OptionalPlatform,
    PageSize,
    PostId,
)
from afterpost.http.scope import Call
from afterpost.http.views import NoMeta, PostView, post_view
from afterpost.services.catalogue import Wanted, add_post, get_post, list_posts
from afterpost.services.edits import Edit, edit_post
from afterpost.services.post_summary import Summary, post_analytics


class NewPost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A post to register. `published_at` carries an offset; `published_on`: where only the day is known."""

    platform: Platform
    external_id: ExternalId
    brand_id: RowId | None = None
    title: Text = ""
    description: Text = ""
    url: Url | None = None
    content_type: ContentType = UNKNOWN_TYPE
    published_at: Aware | None = None
    published_on: date | None = None
    links: CreativeLinks = CreativeLinks()


class PostEdit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different of a post; what is left out stays. `brand`: slug, name or id of a brand there
    is, null: none. `title`: null gives it back to the platform."""

    brand: ShortText | UnsetType | None = UNSET
    title: Text | UnsetType | None = UNSET


class PostAnswer(Struct, frozen=True):
    """One post."""

    data: PostView
    meta: NoMeta = NoMeta()


class PostDetail(Struct, frozen=True):
    """One post and how it stands now."""

    post: PostView
    summary: Summary


class PostDetailAnswer(Struct, frozen=True):
    """One post with its summary."""

    data: PostDetail
    meta: NoMeta = NoMeta()


class PageMeta(Struct, frozen=True):
    """`next_cursor`: give it as `cursor` for the next page; null on the last one."""

    next_cursor: str | None


class PostPage(Struct, frozen=True):
    """A page of posts, the one registered last first."""

    data: list[PostView]
    meta: PageMeta


@post(
    "/posts",
    status_code=201,
    opt={"action": "manage"},
    summary="Register a post",
    responses=problems("not_found", "conflict", "too_large"),
)
async def create_post(call: Call, data: JSONBody[NewPost]) -> PostAnswer:
    """Register a post before its first numbers arrive.

    Nobody has to: ingest and connected accounts make the posts they bring.
    """
    at, on = either("", "published", data.published_at, data.published_on)
    made = await call.writing(
        add_post,
        platform=data.platform,
        external_id=data.external_id,
        brand_id=data.brand_id,
        title=data.title,
        description=data.description,
        url=data.url or "",
        content_type=data.content_type,
        published_at=at,
        published_on=on,
        links=data.links,
    )
    return PostAnswer(post_view(made))


PostState: TypeAlias = Annotated[
    Literal["live", "gone"] | None, QueryParameter(description="Only posts in this state")
]
Search: TypeAlias = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=200,
        pattern=NO_CONTROL,
        description="Only posts with it in the title, the description or the platform's id",
    ),
]
WithoutBrand: TypeAlias = Annotated[bool, QueryParameter(description="Only posts that have no brand")]


@get("/posts", summary="List posts", responses=problems("not_found", "invalid_cursor"))
async def read_posts(
    call: Call,
    cursor: CursorText = None,
    limit: PageSize = 50,
    platform: OptionalPlatform = None,
    account_id: OptionalAccountId = None,
    brand_id: OptionalBrandId = None,
    without_brand: WithoutBrand = False,
    in_state: PostState = None,
    search: Search = None,
) -> PostPage:
    """A page of posts, the one registered last first. A cursor belongs to the filters it was made with."""
    pages = Pages(call, "posts", platform, account_id, brand_id, without_brand, in_state, search)
    after = pages.after(cursor, int)
    wanted = Wanted(
        platform=platform,
        account_id=account_id,
        brand_id=brand_id,
        without_brand=without_brand,
        state=in_state,
        search=search,
    )
    found, following = await call.reading(list_posts, wanted, after=after, limit=limit)
    return PostPage([post_view(each) for each in found], PageMeta(pages.cursor(following)))


@get("/posts/{post_id:int}", summary="Show a post", responses=problems("not_found"))
async def read_post(call: Call, post_id: PostId) -> PostDetailAnswer:
    """A post and its latest numbers, today's included."""
    found = await call.reading(get_post, post_id)
    analytics, _ = await call.reading(post_analytics, post_id)
    return PostDetailAnswer(PostDetail(post_view(found), analytics.summary))


@patch(
    "/posts/{post_id:int}",
    opt={"action": "manage"},
    summary="Edit a post",
    responses=problems("not_found", "conflict", "too_large", "denied", "held"),
)
async def edit_one_post(call: Call, post_id: PostId, data: JSONBody[PostEdit]) -> PostAnswer:
    """Give a post another brand, with its whole history, or another title; what is left out stays."""
    edited = await call.doing(edit_post, post_id, Edit(brand=data.brand, title=data.title))
    return PostAnswer(post_view(edited))
