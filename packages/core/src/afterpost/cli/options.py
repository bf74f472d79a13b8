"""Options and kinds of values that several commands share."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import rich_click as click

from afterpost.domain.errors import InvalidInput
from afterpost.domain.windows import zone_of

F = TypeVar("F", bound=Callable[..., Any])


class Day(click.ParamType):  # type: ignore[type-arg] # click before 8.4 has none
    """A calendar day, `2026-03-09`."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date; anything else is wrong usage."""
        if isinstance(value, date):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            self.fail(f"{value!r} is not a day such as 2026-03-09.", param, ctx)


class Instant(click.ParamType):  # type: ignore[type-arg] # click before 8.4 has none
    """An instant with its offset, `2026-03-09T18:30:00+01:00`; UTC inside."""

    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The instant in UTC; one without an offset is wrong usage, for nobody knows when it was."""
        if isinstance(value, datetime):
            return value
        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not an instant such as 2026-03-09T18:30:00Z.", param, ctx)
        if instant.tzinfo is None:
            self.fail(f"{value!r} has no offset; add Z for UTC, or one such as +01:00.", param, ctx)
        return instant.astimezone(UTC)


class DayOrInstant(click.ParamType):  # type: ignore[type-arg] # click before 8.4 has none
    """A calendar day, or an instant with its offset."""

    name = "DAY|ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date or the instant in UTC; anything else is wrong usage."""
        if isinstance(value, date):
            return value
        kind = Day() if len(value) <= len("2026-03-09") else Instant()
        found: date = kind.convert(value, param, ctx)
        return found


def as_of_option(command: F) -> F:
    """`--as-of`."""
    told = "With what was known at that instant, or at the end of that day; the same answer ever after."
    return click.option("--as-of", type=DayOrInstant(), help=told)(command)


class Zone(click.ParamType):  # type: ignore[type-arg] # click before 8.4 has none
    """A time zone, `Europe/Berlin`."""

    name = "ZONE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> ZoneInfo:
        """The zone; a name that the tz database does not know is wrong usage."""
        if isinstance(value, ZoneInfo):
            return value
        try:
            return zone_of(value)
        except InvalidInput as error:
            self.fail(f"{error.message} {error.hint}", param, ctx)


def json_option(command: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")(command)


def window_options(command: F) -> F:
    """`--start` and `--end`."""
    end = click.option("--end", type=Day(), help="Last day, itself included. Default: yesterday.")
    start = click.option("--start", type=Day(), help="First day. Default: 6 days before the last.")
    return start(end(command))


def brand_option(command: F) -> F:
    """`--brand` of a question."""
    return click.option("--brand", metavar="NAME", help="Only this brand, by slug, name or id.")(command)
