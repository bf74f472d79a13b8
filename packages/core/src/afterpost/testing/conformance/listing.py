"""D. Listing: every post of the account once, newest first, page by page, to an end."""

from collections import Counter

import msgspec

from afterpost.domain.errors import STOPPING, ErrorKind, ProviderError
from afterpost.emulator import Fault
from afterpost.sdk.provider import Measured
from afterpost.testing.conformance.check import NotApplicable, check, expect
from afterpost.testing.conformance.lab import MOST_PAGES, Lab, since
from afterpost.testing.conformance.wire import Replay
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


@check("D5")
async def own_alone(lab: Lab) -> None:
    """What a list shows of others, as reposts are, is left out: it is no post of the account."""
    lab.need_listing()
    async with lab.stage() as stage:
        account = await stage.connected(OLD)
        alone = [post.external_id for post in await stage.listed(account)]
        stage.dial.set(Fault("foreign_post"))
        among = [post.external_id for post in await stage.listed(account)]
        if not stage.dial.fired("foreign_post"):
            raise NotApplicable("Its network, as it is emulated, lists the account's own posts alone.")
        page = await stage.within(stage.provider.list_posts(stage.call(account), None))
        foreign = sorted({*among, *page.measured} - set(alone))
        expect(
            not foreign,
            f"{foreign[:1]} is listed, a post of somebody else.",
            "Ask the network to leave reposts out, or leave them out by what marks them.",
        )
        expect(
            among == alone,
            f"Beside a post of somebody else {len(among)} of {len(alone)} own ones are listed.",
            "Leave out the other's post and nothing else.",
        )


@check("D6")
async def circles(lab: Lab) -> None:
    """A network that gives one cursor again and again makes no endless list: core sees it, or an error."""
    lab.need_listing()
    async with lab.stage(_pages(lab)) as stage:
        account = await stage.connected(OLD)
        stage.wire.rewrite = replay = Replay(MOST_PAGES)
        first = await stage.within(stage.provider.list_posts(stage.call(account), None))
        if first.cursor is None:
            raise NotApplicable("Its lists have one page only.")
        replay.on = True
        cursor: str | None = first.cursor
        seen: set[str] = set()
        try:
            # As core goes on: until there is no cursor, or one that it had before.
            while cursor is not None and cursor not in seen and replay.given < MOST_PAGES:
                seen.add(cursor)
                page = await stage.within(stage.provider.list_posts(stage.call(account), cursor))
                cursor = page.cursor
        except ProviderError as error:
            expect(
                replay.given <= MOST_PAGES,
                f"One call did not end within {MOST_PAGES} requests.",
                "Answer with one page a call; core asks for the next.",
            )
            expect(
                error.kind not in STOPPING | {ErrorKind.BUG},
                f"It is told as {error.kind}.",
                "Raise UPSTREAM_MALFORMED: it is the network's doing, and may pass.",
            )
            return
        expect(
            replay.given < MOST_PAGES,
            f"Each of {len(seen)} pages came with another cursor, and the network gave the same one.",
            "Let the cursor follow from the network's alone, so that core sees it come back; or raise.",
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
