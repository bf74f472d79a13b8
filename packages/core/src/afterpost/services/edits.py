"""What a person says about a post: its brand and its title."""

from msgspec import UNSET, Struct, UnsetType

from afterpost.domain.errors import Forbidden, InvalidInput
from afterpost.domain.events import PostEdited
from afterpost.domain.scope import Actor, Scope
from afterpost.services.catalogue import get_post, known_brand
from afterpost.services.core import Core
from afterpost.services.guarding import guarded
from afterpost.services.record import move
from afterpost.storage import posts
from afterpost.storage.posts import Post
from afterpost.storage.transaction import Tx


class Edit(Struct, frozen=True, kw_only=True):
    """What is to be different; what is unset stays. `brand`: slug, name or id of a brand there is, None:
    none. `title`: None gives the title back to the platform."""

    brand: str | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET


async def edit_post(core: Core, scope: Scope, actor: Actor, post_id: int, edit: Edit) -> Post:
    """Give a post another brand or title; a brand moves its whole history, and a title that a person gave is
    not replaced by the platform's. Returns the post as it is now.

    Guards are asked before: raises Denied or Held. NotFound for a post or brand that is not there, Conflict
    where several brands have the name, Forbidden to whoever sees some brands and would lose the post.
    """
    if edit.brand is UNSET and edit.title is UNSET:
        raise InvalidInput("Nothing is to be changed.", hint="Give a brand, a title, or both.")
    post = await core.database.reading(get_post, core, scope, post_id)
    mine = scope.narrowed(organization=post.organization_id)
    async with guarded(
        core,
        mine,
        actor,
        "edit",
        f"post {post.id} ({post.platform} {post.external_id})",
        organization_id=post.organization_id,
        amount=1,
    ) as done:
        edited = await core.database.writing(_edit, core, mine, actor, post, edit)
        done.amount = 1
    return edited


def _edit(core: Core, scope: Scope, actor: Actor, post: Post, edit: Edit) -> Post:
    with core.transaction(scope, actor) as tx:
        if edit.brand is None and scope.brands is not None:
            raise Forbidden(
                f"Without a brand, post {post.id} is out of this caller's sight, who sees some brands alone.",
                hint="Ask whoever manages the organisation.",
            )
        before = posts.get_post(tx.connection, tx.scope, post.id) or post
        if edit.brand is not UNSET:
            move(
                tx,
                core.organization(tx.connection, tx.scope),
                before,
                brand_id=0 if edit.brand is None else known_brand(tx.connection, tx.scope, edit.brand).id,
            )
        if edit.title is not UNSET:
            named = {"id": post.id, "title": edit.title or "", "titled": edit.title is not None}
            posts.update_posts(tx.connection, tx.scope, ["title", "titled"], [named])
        after = posts.get_post(tx.connection, tx.scope, post.id) or before
        _announce(tx, before, after)
    return after


def _announce(tx: Tx, before: Post, after: Post) -> None:
    pairs = {"brand": (before.brand_id, after.brand_id), "title": (before.title, after.title)}
    changed = tuple(name for name, (was, now) in pairs.items() if was != now)
    if changed:
        tx.emit(
            PostEdited(
                organization_id=after.organization_id,
                post_id=after.id,
                changed=changed,
                brand_id_before=before.brand_id,
                brand_id=after.brand_id,
            )
        )
