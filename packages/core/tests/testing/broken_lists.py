"""Broken lists and days."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from afterpost import sdk
from packages.core.tests.testing.keeper import caught, change, declaring, spec
from packages.core.tests.testing.sound import Sound

# D. Listing


class Paged(Sound):
    """Does something else with a page."""

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        return self.page(await super().list_posts(call, cursor), call, cursor)

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        """What it makes of it."""
        return page


@caught("D1", "not_found")
class NoneIsAnError(Paged):
    """Takes an empty account for a missing one."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        if not page.posts:
            raise sdk.ProviderError(sdk.ErrorKind.NOT_FOUND, "No posts.", native="none")
        return page


@caught("D2", "did not end")
class Endless(Paged):
    """Begins again at the end."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        return sdk.Page(page.posts, page.cursor or "0", page.measured)


@caught("D2", "are listed, and the account has")
class Gaps(Paged):
    """Loses the last post of each page."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        return sdk.Page(page.posts[:-1], page.cursor, page.measured)


@caught("D3", "another process")
class InMemory(Sound):
    """Keeps the place to itself."""

    place: str | None = None

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        page = await super().list_posts(call, self.place if cursor else None)
        self.place = page.cursor
        return sdk.Page(page.posts, page.cursor and "more", page.measured)


@caught("D4", "posts since")
class TooNew(Paged):
    """Leaves out what is young instead of what is old."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        if call.since is None:
            return page
        return sdk.Page((), page.cursor)


@caught("D5", "of somebody else")
class Reposts(Sound):
    """Takes what the account reposted for its own."""

    def own(self, call: sdk.Call, item: Mapping[str, Any]) -> bool:
        return True


@caught("D5", "of somebody else")
class MeasuresReposts(Reposts):
    """Leaves the repost out of the posts, and not out of what it measured."""

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        page = await super().list_posts(call, cursor)
        own = tuple(post for post in page.posts if len(post.external_id) == 18)
        return sdk.Page(own, page.cursor, page.measured)


@caught("D5", "own ones are listed")
class DropsThePage(Sound):
    """Drops a page with a repost on it."""

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        self.foreign = False
        page = await super().list_posts(call, cursor)
        return sdk.Page((), page.cursor) if self.foreign else page

    def own(self, call: sdk.Call, item: Mapping[str, Any]) -> bool:
        own = super().own(call, item)
        self.foreign = self.foreign or not own
        return own


@caught("D6", "another cursor")
class CountsPages(Sound):
    """Makes a cursor of its own each time, so that nobody sees that the network's came back."""

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        number, _, theirs = (cursor or "0:").partition(":")
        page = await super().list_posts(call, theirs or None)
        following = None if page.cursor is None else f"{int(number) + 1}:{page.cursor}"
        return sdk.Page(page.posts, following, page.measured)


@caught("D6", "did not end")
class AllAtOnce(Sound):
    """From the second page on it reads all that follow by itself."""

    async def list_posts(self, call: sdk.Call, cursor: str | None) -> sdk.Page:
        page = await super().list_posts(call, cursor)
        while cursor is not None and page.cursor is not None:
            more = await super().list_posts(call, page.cursor)
            page = sdk.Page((*page.posts, *more.posts), more.cursor, {**page.measured, **more.measured})
        return page


@caught("D6", "is told as bug")
class OwnFault(Paged):
    """Takes the network's fault for its own."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        if cursor is not None and page.cursor == cursor:
            raise sdk.ProviderError(sdk.ErrorKind.BUG, "The cursor came back.")
        return page


@caught("D7", "is listed as one of")
class Zoned(Sound):
    """Loses the zone of a time."""

    def instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=None)


@caught("D7", "is listed as one of")
class WallTime(Sound):
    """Takes the time on the network's wall for UTC."""

    def instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)


@caught("D7", "is listed as one of")
class MachineZone(Sound):
    """Takes the time on the network's wall for that of this machine."""

    def instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=None).astimezone()


@caught("D8", "does not know")
class FloatIds(Sound):
    """Loses the last digits of an id."""

    def info(self, item: Mapping[str, Any]) -> sdk.PostInfo:
        info = super().info(item)
        return change(info, external_id=str(int(float(info.external_id))))


@caught("D9", "read one post otherwise")
class TwoWays(Paged):
    """Reads a list by other means than a post."""

    def page(self, page: sdk.Page, call: sdk.Call, cursor: str | None) -> sdk.Page:
        measured = {
            one: change(each, reading=change(each.reading, values={"views": each.reading.values["views"]}))
            for one, each in page.measured.items()
        }
        return sdk.Page(page.posts, page.cursor, measured)


# F. Days


declaring("OtherDays", "F1", "gained", metrics=spec(4, day_zone="UTC"))


@caught("F1", "gained")
class NextDay(Sound):
    """Books a day to the one after."""

    def day(self, text: str) -> date:
        return super().day(text) + timedelta(days=1)


@caught("F1", "watch_time_seconds")
class Minutes(Sound):
    """Takes minutes for seconds."""

    def seconds(self, minutes: int) -> int:
        return minutes


@caught("F1", "watch_time_seconds")
class Hours(Sound):
    """Counts in whole hours, and leaves the rest out."""

    def seconds(self, minutes: int) -> int:
        return minutes // 60 * 3_600


@caught("F3", "malformed")
class Uncut(Sound):
    """Asks for days that nobody has."""

    async def fetch_daily(
        self, call: sdk.Call, ids: Sequence[str], start: date, end: date
    ) -> Mapping[str, sdk.Outcome]:
        return {one: await self.days(call, one, start, end) for one in ids}


@caught("F4", "before it")
class ZeroDays(Sound):
    """Reads noughts of days before there was anything."""

    async def days(self, call: sdk.Call, post_id: str, start: date, end: date) -> sdk.Outcome:
        found = await super().days(call, post_id, start, end)
        if not isinstance(found, sdk.Measured):
            return found
        every = {start + timedelta(days=at): {"views": 0} for at in range((end - start).days + 1)}
        return change(found, reading=change(found.reading, daily={**every, **found.reading.daily}))


@caught("F5", "never-heard-of")
class DropsDays(Sound):
    """Says nothing by day of what is not there."""

    async def fetch_daily(
        self, call: sdk.Call, ids: Sequence[str], start: date, end: date
    ) -> Mapping[str, sdk.Outcome]:
        found = await super().fetch_daily(call, ids, start, end)
        return {one: each for one, each in found.items() if isinstance(each, sdk.Measured)}
