"""What a provider declares: metrics with their meaning, batch sizes, limits, costs, hosts, terms."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Literal

from msgspec import Struct

from afterpost.domain.metrics import Kind
from afterpost.domain.spend import Operation, Spend

CONTRACT_VERSION = 1


class DefinitionChange(Struct, frozen=True):
    """The platform began to count otherwise on that day; `note` says what, in one sentence for people.

    Numbers from before and from after are not the same thing: a comparison across `on` says so.
    """

    on: date
    note: str


class MetricSpec(Struct, frozen=True, kw_only=True):
    """One metric: canonical `name` (or `x_<provider>_<native>`), the platform's `native` field, its meaning.

    `definition` changes whenever the platform redefines the metric (use the date); `changes` tells what
    changed when. `day_zone` (IANA) is needed for kind `daily`.
    """

    name: str
    native: str
    kind: Kind = Kind.CUMULATIVE
    unit: Literal["count", "seconds", "ratio", "currency_micros"] = "count"
    definition: str = "1"
    meaning: str = ""
    """What the platform counts, in one sentence."""
    changes: tuple[DefinitionChange, ...] = ()
    """Every redefinition that is known, the oldest first."""
    monotonic: bool = True
    """False where the number can fall: likes that are taken back, views after a purge."""
    day_zone: str | None = None
    latency_hours: int = 0
    """How late a number, or a day, is final."""
    restated_days: int = 0
    """Of a daily series: so many of the latest days may still change, and are asked for again."""
    scopes: tuple[str, ...] = ()
    """All of these must have been granted, else the metric is not to be had."""
    content_types: tuple[str, ...] = ()
    """Only posts of these types have it; empty: all."""
    deprecated_on: date | None = None
    replaced_by: str | None = None


class RateLimit(Struct, frozen=True, kw_only=True):
    """A limit of the platform: `amount` of `unit` per `seconds`, for the whole app or per account.

    `money` is in millionths of a US dollar. `operations`: the calls it counts; empty: all.
    """

    unit: Literal["requests", "units", "money"]
    amount: int
    seconds: int
    scope: Literal["app", "account"]
    resets: str = "rolling"
    """`rolling`, `midnight <IANA zone>`, or `month <IANA zone>` (the first of the next month)."""
    operations: tuple[Operation, ...] = ()


class Cost(Struct, frozen=True, kw_only=True):
    """What calling one method of the provider costs: `call` each time, and `item` per post asked or listed.

    An operation without a Cost is taken for one request a call.
    """

    operation: Operation
    call: Spend = Spend(requests=1)
    item: Spend = Spend()


class Renewal(Struct, frozen=True, kw_only=True):
    """How this platform's tokens live. Core renews `before_seconds` before the access token ends."""

    before_seconds: int = 60
    """For tokens of 60 days without a refresh token take days: after the end only a person helps."""
    rotates: bool = False
    """True where a renewal gives a new refresh token and the old one dies."""
    idle_days: int | None = None
    """A refresh token not used for so many days dies; core renews well before."""


class Terms(Struct, frozen=True, kw_only=True):
    """What the platform's terms say about keeping its data, as far as it binds whoever stores it."""

    url: str
    read_on: date
    """When somebody read them."""
    keep_days: int | None = None
    """Stored data must be refreshed or deleted after so many days; None: no such limit."""
    forget_days: int | None = None
    """Days within which data must be deleted once an account is disconnected or access was revoked."""
    note: str = ""


class Capabilities(Struct, frozen=True, kw_only=True):
    """A provider's declaration; plain data, the same at every call."""

    platform: str
    display_name: str
    metrics: tuple[MetricSpec, ...]
    """Metrics of posts; those of kind `daily` come from `fetch_daily`, all others from `fetch_metrics`."""
    batch_size: int = 50
    """Ids in one call of `fetch_metrics`, at most."""
    page_size: int = 50
    """Posts on a page of `list_posts`, at most."""
    lists_posts: bool = True
    list_carries_metrics: bool = False
    """True where pages of `list_posts` come with `measured`."""
    account_metrics: tuple[MetricSpec, ...] = ()
    """What `fetch_account` answers: followers, following, posts_total, or `x_<provider>_<native>`."""
    daily_days: int = 0
    """How many days back `fetch_daily` reaches; 0: it is not offered."""
    daily_batch_size: int = 1
    """Ids in one call of `fetch_daily`, at most."""
    hosts: tuple[str, ...] = ()
    """The only hosts the provider may call, over HTTPS; `Provider.hosts_for` adds those of a credential."""
    limits: tuple[RateLimit, ...] = ()
    costs: tuple[Cost, ...] = ()
    renewal: Renewal = Renewal()
    terms: Terms | None = None
    contract_version: int = CONTRACT_VERSION

    def definitions(self) -> Mapping[str, str]:
        """metric -> definition in force, for a Reading of everything this provider offers."""
        return {spec.name: spec.definition for spec in self.metrics if spec.kind is not Kind.DAILY}

    def kinds(self) -> Mapping[str, Kind]:
        """metric -> kind, of those whose kind is neither `cumulative` nor `daily`."""
        plain = (Kind.CUMULATIVE, Kind.DAILY)
        return {spec.name: spec.kind for spec in self.metrics if spec.kind not in plain}

    def cost(self, operation: Operation, items: int = 0) -> Spend:
        """What one call of that method costs for so many posts."""
        for cost in self.costs:
            if cost.operation == operation:
                return cost.call + cost.item * items
        return Spend(requests=1)

    def lacking(self, granted: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """metric -> the scopes it needs and that were not granted; empty when everything is to be had.

        A metric that is offered both as a counter and by day is to be had where one of the two is.
        """
        found: dict[str, tuple[str, ...]] = {}
        for spec in (*self.metrics, *self.account_metrics):
            missing = tuple(scope for scope in spec.scopes if scope not in granted)
            found[spec.name] = min(missing, found.get(spec.name, missing), key=len)
        return {name: scopes for name, scopes in found.items() if scopes}

    def crossed(self, start: date, end: date) -> Iterator[tuple[str, DefinitionChange]]:
        """(metric, change) for every redefinition that lies between the two days: a comparison of them
        compares two different things. `start` itself is before the change, `end` may be its day."""
        for spec in (*self.metrics, *self.account_metrics):
            for change in spec.changes:
                if start < change.on <= end:
                    yield spec.name, change
