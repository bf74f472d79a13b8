"""Broken readings: of a batch, and of a value."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from afterpost import sdk
from afterpost.emulator import Dialect, World
from packages.core.tests.testing.keeper import caught, change
from packages.core.tests.testing.sound import Sound
from packages.core.tests.testing.sound_wire import SoundDialect

# E. Metrics


@caught("E1", "At most 3")
class SmallBatch(Sound):
    """Takes less than it declares."""

    async def fetch_metrics(self, call: sdk.Call, ids: Sequence[str]) -> Mapping[str, sdk.Outcome]:
        if len(ids) > 3:
            raise sdk.ProviderError(sdk.ErrorKind.BAD_REQUEST, "At most 3.", native="too_many")
        return await super().fetch_metrics(call, ids)


@caught("E2", "Without an outcome")
class DropsMissing(Sound):
    """Says nothing of what is not there."""

    async def fetch_metrics(self, call: sdk.Call, ids: Sequence[str]) -> Mapping[str, sdk.Outcome]:
        found = await super().fetch_metrics(call, ids)
        return {one: each for one, each in found.items() if isinstance(each, sdk.Measured)}


@caught("E3", "not there came out as Failed")
class NeverGone(Sound):
    """Takes what is deleted for a failure, again and again."""

    async def outcome(self, call: sdk.Call, post_id: str) -> sdk.Outcome:
        found = await super().outcome(call, post_id)
        return sdk.Failed(self.malformed("missing")) if isinstance(found, sdk.Gone) else found


@caught("E3", "not there came out as Measured")
class ZeroForGone(Sound):
    """Reads noughts of what is not there."""

    async def outcome(self, call: sdk.Call, post_id: str) -> sdk.Outcome:
        found = await super().outcome(call, post_id)
        if isinstance(found, sdk.Gone):
            return sdk.Measured(reading=sdk.Reading(observed_at=call.now, values={"views": 0}))
        return found


class Valued(Sound):
    """Does something else with the counts."""

    def values(self, item: Mapping[str, Any]) -> tuple[dict[str, int], tuple[str, ...]]:
        found, odd = super().values(item)
        return self.told(found, item), odd

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        """What it makes of them."""
        return found


@caught("E4", "is read as 0")
class ZeroForAbsent(Valued):
    """Takes what is left out for 0."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        return {"views": 0, "likes": 0, "comments": 0} | found


@caught("E4", "0, and it is read as None")
class FalseZero(Valued):
    """Takes a 0 that was said for nothing."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        return {name: count for name, count in found.items() if count}


@caught("E5", "is read as 1")
class Lenient(Valued):
    """Makes a number of anything."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        counts = item["counts"]
        more = {"likes": int(counts["hearts"])} if isinstance(counts.get("hearts"), bool | float) else {}
        return found | more


@caught("E5", "likes -5, and it is read as -5")
class BelowZero(Valued):
    """Takes any whole number for a count."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        count = item["counts"].get("hearts")
        return found | ({"likes": count} if type(count) is int else {})


@caught("E5", "where nothing was wrong")
class AllOrNothing(Valued):
    """Lets one odd count cost the whole batch."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        for count in item["counts"].values():
            if not isinstance(count, int):
                raise sdk.ProviderError(sdk.ErrorKind.BAD_REQUEST, "An odd count.", native="odd")
        return found


@caught("E6", "watch_time_seconds")
class Milliseconds(Sound):
    """Takes milliseconds for seconds."""

    def converted(self, name: str, count: int) -> int:
        return count


@caught("E7", "shares is reported")
class Undeclared(Valued):
    """Reads a metric that it does not declare."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        return found | {"shares": 3}


@caught("E8", "type image has watch_time_seconds")
class EveryType(Valued):
    """Reads of an image how long it was watched."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        return {"watch_time_seconds": 1} | found


@caught("E9", "where nothing was wrong")
class Brittle(Sound):
    """Lets one broken answer cost the batch."""

    async def outcome(self, call: sdk.Call, post_id: str) -> sdk.Outcome:
        found = await super().outcome(call, post_id)
        if isinstance(found, sdk.Failed):
            raise found.error
        return found


@caught("E10", "came out as Failed")
class Resigned(Sound):
    """Gives a post up for the sake of one metric."""

    async def get(self, call: sdk.Call, path: str, **query: str) -> dict[str, Any]:
        try:
            return await super().get(call, path, **query)
        except sdk.ProviderError as error:
            if error.native == "unknown_count":
                raise self.malformed("unknown_count") from None
            raise


@caught("E11", "is read as 11")
class ThirtyTwoBits(Sound):
    """Counts to two thousand million."""

    def converted(self, name: str, count: int) -> int:
        return super().converted(name, count) & 0x7FFFFFFF


@caught("E11", "9,007,199,254,740,993, and it is read as 9007199254740992")
class Floats(Sound):
    """Lets a count pass through a float."""

    def converted(self, name: str, count: int) -> int:
        return int(float(super().converted(name, count)))


@caught("E12", "second time")
class Wandering(Valued):
    """Reads something else each time."""

    times = 0

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        self.times += 1
        return found | {"likes": self.times}


@caught("E13", "fell to")
class HighWater(Valued):
    """Remembers the most that there was."""

    def __init__(self) -> None:
        self.most: dict[str, int] = {}

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        most = self.most[item["id"]] = max(self.most.get(item["id"], 0), found.get("views", 0))
        return found | ({"views": most} if "views" in found else {})


@caught("E14", "of a post of type image, and it is read as")
class Swapped(Valued):
    """Takes one number for another."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        return found | {"likes": found["comments"], "comments": found["likes"]}


class Unnamed(SoundDialect):
    """Does not say where one of the counts stands."""

    native: Mapping[str, str] = {"views": "plays", "likes": "hearts"}


@caught("E14", "under which field it has comments, watch_time_seconds")
class Untried(Sound):
    """Brings an emulator that keeps checks from two of its counts."""

    def emulate(self, world: World) -> Dialect | None:
        return Unnamed(world)


@caught("E15", "a reading is of")
class MachineTime(Sound):
    """Reads at the machine's time."""

    def measured(
        self, call: sdk.Call, item: Mapping[str, Any], partial: tuple[str, ...] = ()
    ) -> sdk.Measured:
        return super().measured(change(call, now=datetime.now(UTC)), item, partial)


@caught("E16", "following")
class MoreOfTheAccount(Sound):
    """Reads of the account what it does not declare."""

    async def fetch_account(self, call: sdk.Call) -> sdk.AccountReading:
        return sdk.AccountReading(values={"followers": 1, "following": 2})


@caught("E16", "declares followers of the account, and has no fetch_account")
class OnlyDeclared(Sound):
    """Declares what it never reads."""

    fetch_account = sdk.Provider.fetch_account


@caught("E17", "None, and it is read as 0")
class ZeroForNull(Valued):
    """Takes null for 0."""

    def told(self, found: dict[str, int], item: Mapping[str, Any]) -> dict[str, int]:
        counts = item["counts"]
        return found | ({"likes": 0} if "hearts" in counts and counts["hearts"] is None else {})


# What comes with the numbers


@caught("E18", "of times without a zone, hands on")
class AnyTime(Sound):
    """Takes a time without a zone as it is."""

    def instant(self, text: str) -> datetime:
        return datetime.fromisoformat(text)


@caught("E18", "is read as one of")
class ReadAt(Sound):
    """Takes a post for published when it is read."""

    def measured(
        self, call: sdk.Call, item: Mapping[str, Any], partial: tuple[str, ...] = ()
    ) -> sdk.Measured:
        found = super().measured(call, item, partial)
        return change(found, reading=change(found.reading, published_at=call.now))


@caught("E19", "list_posts says that a post is of type 'Image!'")
class Exclaims(Sound):
    """Says of what type a post is in words for people."""

    def info(self, item: Mapping[str, Any]) -> sdk.PostInfo:
        return change(super().info(item), content_type=f"{item['kind'].title()}!")
