"""`afterpost posts`: list posts, and give one another brand or title."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import rich_click as click
from msgspec import UNSET, Struct

from afterpost.cli.options import json_option
from afterpost.cli.output import print_json, print_table, say
from afterpost.cli.session import opened
from afterpost.cli.wiring import Wiring
from afterpost.cli.words import UNKNOWN, moment, short
from afterpost.domain.scope import Scope
from afterpost.services import notify
from afterpost.services.catalogue import Wanted, list_brands, list_posts
from afterpost.services.edits import Edit, edit_post
from afterpost.services.organization import organization_of
from afterpost.services.status import brand_called

if TYPE_CHECKING:
    from afterpost.storage.posts import Post

MAX_ID = 2**53 - 1


class PostShown(Struct, frozen=True, kw_only=True):
    """A post. `brand`: the slug of its brand."""

    id: int
    platform: str
    external_id: str
    title: str
    brand: str | None
    account_id: int | None
    content_type: str
    published_at: datetime | None
    state: str


class PostsPage(Struct, frozen=True):
    """Posts, the one registered last first. `next_before`: what to give as --before for the next page; null
    on the last."""

    posts: list[PostShown]
    next_before: int | None


@click.group("posts", invoke_without_command=True)
@click.option("--brand", metavar="NAME", help="Only this brand's, by slug, name or id.")
@click.option("--no-brand", is_flag=True, help="Only those without a brand.")
@click.option("--platform", metavar="NAME", help="Only this platform's.")
@click.option("--account", type=click.IntRange(1, MAX_ID), metavar="ID", help="Only this account's.")
@click.option("--state", type=click.Choice(["live", "gone"]), help="Only those that are live, or gone.")
@click.option("--search", metavar="TEXT", help="Only with it in the title, description or platform's id.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="How many.")
@click.option("--before", type=click.IntRange(1, MAX_ID), metavar="ID", help="Only posts before this one.")
@json_option
@click.pass_context
def posts(
    ctx: click.Context,
    brand: str | None,
    no_brand: bool,
    platform: str | None,
    account: int | None,
    state: str | None,
    search: str | None,
    limit: int,
    before: int | None,
    as_json: bool,
) -> None:
    """List posts, the one registered last first; `edit` gives one another brand or title."""
    if ctx.invoked_subcommand is not None:
        return
    if brand is not None and no_brand:
        raise click.UsageError("Give --brand or --no-brand, not both.")
    wiring: Wiring = ctx.obj
    with opened(wiring, "read") as session:
        core, scope = session.core, session.scope
        wanted = Wanted(
            platform=platform,
            account_id=account,
            brand_id=None if brand is None else brand_called(core, scope, brand).id,
            without_brand=no_brand,
            state=state,
            search=search or None,
        )
        found, following = list_posts(core, scope, wanted, after=before, limit=limit)
        slugs = {each.id: each.slug for each in list_brands(core, scope)}
        zone = organization_of(core, scope).time_zone
    shown = [_shown(post, slugs) for post in found]
    if as_json:
        print_json(PostsPage(shown, following))
        return
    if not shown:
        say("No posts.")
        return
    print_table(
        ("post", "platform", "id there", "title", "brand", "type", "published", "state"),
        [
            (
                *(str(each.id), each.platform, each.external_id, short(each.title, 40) or UNKNOWN),
                *(each.brand or UNKNOWN, each.content_type, moment(each.published_at, zone), each.state),
            )
            for each in shown
        ],
        numbers=("post",),
    )
    if following is not None:
        say(f"More: --before {following}")


@posts.command()
@click.argument("post_id", type=click.IntRange(1, MAX_ID))
@click.option("--brand", metavar="NAME", help="Its brand from now on, by slug, name or id.")
@click.option("--no-brand", is_flag=True, help="Take its brand away.")
@click.option("--title", metavar="TEXT", help="Its title; an empty one gives it back to the platform.")
@json_option
@click.pass_context
def edit(
    ctx: click.Context, post_id: int, brand: str | None, no_brand: bool, title: str | None, as_json: bool
) -> None:
    """Give the post POST_ID another brand, with its whole history, or another title."""
    if brand is not None and no_brand:
        raise click.UsageError("Give --brand or --no-brand, not both.")
    if brand is None and not no_brand and title is None:
        raise click.UsageError("Give --brand, --no-brand or --title.")
    wanted = Edit(
        brand=None if no_brand else UNSET if brand is None else brand,
        title=UNSET if title is None else title or None,
    )
    wiring: Wiring = ctx.obj
    with opened(wiring, "manage") as session:
        core, scope = session.core, session.scope
        post = session.wait(edit_post(core, scope, session.actor, post_id, wanted))
        session.wait(notify.deliver(core, Scope.default()))
        slugs = {each.id: each.slug for each in list_brands(core, scope)}
    shown = _shown(post, slugs)
    if as_json:
        print_json(shown)
        return
    named = short(shown.title, 60) or "no title"
    say(f"✔ Post {shown.id} ({shown.platform} {shown.external_id}): {named}, brand {shown.brand or UNKNOWN}.")


def _shown(post: "Post", slugs: Mapping[int, str]) -> PostShown:
    brand = slugs.get(post.brand_id or 0)
    fields = {name: getattr(post, name) for name in PostShown.__struct_fields__ if name != "brand"}
    return msgspec.convert({**fields, "brand": brand}, PostShown)
