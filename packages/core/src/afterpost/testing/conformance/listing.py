"""D. Listing: every post of the account once, newest first, page by page, to an end."""

from collections import Counter

import msgspec

from afterpost.sdk.provider import Measured
from afterpost.testing.conformance.check import NotApplicable, check, expect
from afterpost.testing.conformance.lab import MOST_PAGES, Lab, since
from afterpost.testing.conformance.world import EMPTY, OLD


def _pages(lab: Lab) -> int:
    """So many posts that there are three pages, the last one not full."""
    return 2 * lab.declared.page_size + 3


@check("D1")
async def empty(lab: Lab) -> None:
    """The list of an account without posts is empty, and ends."""
    lab.need_listing()
    async with lab.stage() as stage:
        account = await stage.connected(EMPTY)
        listed = await stage.listed(account)
        expect(
            not listed,
            f"{len(listed)} posts are listed of an account that has none.",
            "Answer Page(()) where the network says that there is nothing.",
        )


@check("D2")
async def whole(lab: Lab) -> None:
    """Three pages hold every post of the account, each once, newest first, and then the list ends."""
    lab.need_listing()
    async with lab.stage(_pages(lab)) as stage:
        account = await stage.connected(OLD)
        listed = await stage.listed(account)
        shown = stage.posts(account)
        twice = [one for one, times in Counter(post.external_id for post in listed).items() if times > 1]
        expect(
            not twice,
            f"{len(twice)} posts are listed more than once, {twice[:1]} among them.",
            "Begin each page where the one before ended.",
        )
        expect(
            len(listed) == len(shown),
            f"{len(listed)} posts are listed, and the account has {len(shown)}.",
            "List every post of the account and no other's.",
        )
        times = [post.published_at for post in listed if post.published_at is not None]
        expect(
            times == sorted(times, reverse=True),
            "The posts are not in the order of their publication, newest first.",
            "Keep the network's order where it is that; core stops at posts that it knows.",
        )


@check("D3")
async def resumed(lab: Lab) -> None:
    """A cursor is a text that another process can go on from, at the same place."""
    lab.need_listing()
    async with lab.stage(_pages(lab)) as stage:
        account = await stage.connected(OLD)
        first = await stage.within(stage.provider.list_posts(stage.call(account), None))
        if first.cursor is None:
            raise NotApplicable("Its lists have one page only.")
        kept = msgspec.json.decode(msgspec.json.encode(first.cursor))
        here = await stage.within(stage.provider.list_posts(stage.call(account), first.cursor))
        there = await stage.within(lab.another().list_posts(stage.call(account), kept))
        expect(
            here == there and bool(here.posts),
            f"From the cursor {first.cursor!r} another process goes on with another page.",
            "Put all that the next page needs into the cursor, and nothing into the provider.",
        )


@check("D4")
async def only_since(lab: Lab) -> None:
    """Asked for posts since an instant, it loses none of them, and asks the network no more often for it."""
    lab.need_listing()
    async with lab.stage(_pages(lab)) as stage:
        account = await stage.connected(OLD)
        shown = stage.posts(account)
        at = shown[min(len(shown) // 2, lab.declared.page_size + 1)].published_at
        start = len(stage.wire.sent)
        await stage.listed(account)
        whole_list = len(stage.wire.sent) - start
        found, cursor = set(), None
        start = len(stage.wire.sent)
        for _ in range(MOST_PAGES):
            page = await stage.within(stage.provider.list_posts(since(stage.call(account), at), cursor))
            found |= {post.published_at for post in page.posts}
            cursor = page.cursor
            if cursor is None:
                break
        wanted = {post.published_at for post in shown if post.published_at >= at}
        expect(
            wanted <= found,
            f"Of {len(wanted)} posts since {at}, {len(wanted & found)} are listed.",
            "Leave out what is older than `call.since`, and nothing else.",
        )
        expect(
            len(stage.wire.sent) - start <= whole_list,
            f"It takes {len(stage.wire.sent) - start} requests, and the whole list {whole_list}.",
            "Use `call.since` to ask for less.",
        )


@check("D7")
async def instants(lab: Lab) -> None:
    """Each post was published at the instant that the network says, as an aware one."""
    lab.need_listing()
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        for post, shown in zip(await stage.listed(account), stage.posts(account), strict=True):
            at = post.published_at
            expect(
                at is not None and at.utcoffset() is not None and at == shown.published_at,
                f"A post of {shown.published_at} is listed as one of {at!r}.",
                "Read the time with its zone; where the network leaves it out, its pages say which it is.",
            )


@check("D8")
async def ids(lab: Lab) -> None:
    """Ids are texts, exactly as the network has them, so that none of their digits is lost."""
    lab.need_listing()
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        listed = [post.external_id for post in await stage.listed(account)]
        told: list[object] = [*listed]
        wrong = [one for one in told if not isinstance(one, str) or not one]
        expect(not wrong, f"{wrong[:1]} is an id that is no text.", "Keep ids as the texts that they are.")
        outcomes = await stage.fetched(account, listed[: lab.declared.batch_size])
        lost = [
            one for one in listed[: lab.declared.batch_size] if not isinstance(outcomes.get(one), Measured)
        ]
        expect(
            not lost,
            f"The listed id {lost[:1]} is one that the network does not know.",
            "List the id by which a post can be asked for; a large number must not pass through a float.",
        )


@check("D9")
async def carried(lab: Lab) -> None:
    """Where a list carries metrics, they are those of its posts, and the same as `fetch_metrics` reads."""
    lab.need_listing()
    if not lab.declared.list_carries_metrics:
        raise NotApplicable("Its lists carry no metrics.")
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        page = await stage.within(stage.provider.list_posts(stage.call(account), None))
        listed = [post.external_id for post in page.posts]
        expect(
            set(page.measured) == set(listed),
            f"{len(page.measured)} of {len(listed)} posts of a page are measured.",
            "Put every post of the page into `measured`, or declare list_carries_metrics=False.",
        )
        some = listed[: lab.declared.batch_size]
        fetched = await stage.fetched(account, some)
        for one in some:
            alone, outcome = page.measured[one], fetched[one]
            expect(
                isinstance(outcome, Measured) and outcome.reading == alone.reading,
                f"A list and fetch_metrics read one post otherwise: {alone.reading.values} and {outcome!r}.",
                "Make both of one function.",
            )
