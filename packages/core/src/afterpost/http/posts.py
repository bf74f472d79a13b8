"""Posts: register, list, show."""

from datetime import date

from litestar import get, post
from litestar.params import JSONBody
from msgspec import Struct

from afterpost.domain.ids import ExternalId, Platform, RowId, Text, Url
from afterpost.domain.posts import UNKNOWN_TYPE, ContentType, CreativeLinks
from afterpost.http.errors import problems
from afterpost.http.instants import Aware, either
from afterpost.http.paging import Pages
from afterpost.http.params import CursorText, OptionalAccountId, OptionalPlatform, PageSize, PostId
from afterpost.http.scope import Call
from afterpost.http.views import NoMeta, PostView, post_view
from afterpost.services.catalogue import add_post, get_post, list_posts
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


@get("/posts", summary="List posts", responses=problems("invalid_cursor"))
async def read_posts(
    call: Call,
    cursor: CursorText = None,
    limit: PageSize = 50,
    platform: OptionalPlatform = None,
    account_id: OptionalAccountId = None,
) -> PostPage:
    """A page of posts, the one registered last first. A cursor belongs to the filters it was made with."""
    pages = Pages(call, "posts", platform, account_id)
    after = pages.after(cursor, int)
    found, following = await call.reading(
        list_posts, after=after, limit=limit, platform=platform, account_id=account_id
    )
    return PostPage([post_view(each) for each in found], PageMeta(pages.cursor(following)))


@get("/posts/{post_id:int}", summary="Show a post", responses=problems("not_found"))
async def read_post(call: Call, post_id: PostId) -> PostDetailAnswer:
    """A post and its latest numbers, today's included."""
    found = await call.reading(get_post, post_id)
    analytics, _ = await call.reading(post_analytics, post_id)
    return PostDetailAnswer(PostDetail(post_view(found), analytics.summary))
