"""The Pinterest provider: an account's pins with their lifetime counts, and ninety days of them by day."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from afterpost.sdk import (
    AccountProfile,
    AccountReading,
    Call,
    Capabilities,
    CodeGrant,
    Credential,
    CredentialField,
    ErrorKind,
    Failed,
    Gone,
    Measured,
    OAuth,
    Outcome,
    Page,
    PostInfo,
    Provider,
    ProviderError,
    Reading,
)
from afterpost_pinterest import errors, payloads
from afterpost_pinterest.declaration import (
    BATCH_SIZE,
    CAPABILITIES,
    CREDENTIAL_FIELDS,
    DAYS,
    HOST,
    PAGE_SIZE,
    SIGN_IN,
)
from afterpost_pinterest.tokens import credential_of

if TYPE_CHECKING:
    from afterpost.emulator import Dialect, World

_PIN_ID = re.compile(r"[0-9]{1,32}", re.ASCII)

_ENDS_BATCH = frozenset(
    {
        ErrorKind.RATE_LIMITED,
        ErrorKind.QUOTA_EXHAUSTED,
        ErrorKind.TOKEN_EXPIRED,
        ErrorKind.PERMISSION_MISSING,
        ErrorKind.NETWORK,
        ErrorKind.UPSTREAM_UNAVAILABLE,
    }
)
"""After these the next pin would be told the same."""


class Pinterest(Provider):
    """Lifetime counts of pins, cheapest by their list, and counts by day as back-fill."""

    @property
    def capabilities(self) -> Capabilities:
        """Five lifetime counts, nine by day, and the account's followers and three more."""
        return CAPABILITIES

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        """A refresh token with its app, or an access token for as long as that lasts."""
        return CREDENTIAL_FIELDS

    @property
    def oauth(self) -> OAuth:
        """Pinterest's sign-in."""
        return SIGN_IN

    def emulate(self, world: "World") -> "Dialect":
        """Pinterest's wire over a fake world."""
        from afterpost_pinterest.emulator import PinterestDialect

        return PinterestDialect(world)

    async def check(self, call: Call) -> AccountProfile:
        """The account of the credential."""
        account = await _account(call)
        account_id = payloads.text(account.get("id"))
        if not account_id:
            raise errors.malformed("no_id")
        handle = payloads.text(account.get("username")) or account_id
        name = payloads.text(account.get("business_name")) or handle
        return AccountProfile(external_id=account_id, handle=handle, name=name)

    async def exchange_code(self, call: Call, grant: CodeGrant) -> Credential:
        """Both tokens for the code of a sign-in."""
        form = {"grant_type": "authorization_code", "code": grant.code.reveal()}
        return await _token(call, form | {"redirect_uri": grant.redirect_uri})

    async def refresh(self, call: Call) -> Credential:
        """The credential with new tokens, both of them."""
        _refuse_without(call, "refresh_token")
        form = {"grant_type": "refresh_token", "refresh_token": call.credential.secret("refresh_token")}
        return await _token(call, form)

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """250 pins with their counts, in one call; those that were saved from others are left out.

        A page without any pin from after `call.since` ends the list.
        """
        if cursor is not None and not 0 < len(cursor) <= 4_000:
            raise ProviderError(ErrorKind.BAD_REQUEST, "This is no cursor of a Pinterest listing.")
        query = {"page_size": str(PAGE_SIZE), "pin_metrics": "true", "pin_filter": "exclude_repins"}
        answer = await _ask(call, "pins", payloads.Pins, query | ({"bookmark": cursor} if cursor else {}))
        following = answer.bookmark or None
        if following is not None and following == cursor:
            raise errors.malformed("repeated_page")
        found = [
            (post, pin) for pin in payloads.pins_of(answer) if (post := payloads.post_of(pin)) is not None
        ]
        wanted = [(post, pin) for post, pin in found if not _before(post, call)]
        # Pinterest does not promise an order, so one old pin among new ones says nothing.
        return Page(
            tuple(post for post, _ in wanted),
            following if wanted or not found else None,
            measured={post.external_id: _measured(call, post, pin) for post, pin in wanted},
        )

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """The lifetime counts of at most 25 pins, a request each; the list is far cheaper.

        A pin that is not found, or is another account's, is gone. When Pinterest says to wait, the pins that
        are left fail with that.
        """

        async def read(pin_id: str) -> Outcome:
            pin = await _ask(call, f"pins/{pin_id}", dict[str, Any], {"pin_metrics": "true"})
            post = payloads.post_of(pin)
            if post is None or post.external_id != pin_id:
                raise errors.malformed("no_pin")
            return _measured(call, post, pin)

        return await _each(ids, BATCH_SIZE, read)

    async def fetch_account(self, call: Call) -> AccountReading:
        """Followers, accounts followed, pins, and views of the last thirty days, in one call."""
        values, unusable = payloads.counts_of(await _account(call), payloads.ACCOUNT_COUNTS)
        return AccountReading(values=values, partial=unusable)

    async def fetch_daily(
        self, call: Call, ids: Sequence[str], start: date, end: date
    ) -> Mapping[str, Outcome]:
        """Counts by day of UTC of a pin, in one request; two where it lacks what only some pins have."""
        today = call.now.astimezone(UTC).date()
        start, end = max(start, today - timedelta(days=DAYS)), min(end, today)

        async def read(pin_id: str) -> Outcome:
            if start > end:
                return _series(call, {})
            query = {"start_date": start.isoformat(), "end_date": end.isoformat()}
            try:
                return await _analytics(call, pin_id, query, payloads.DAILY)
            except ProviderError as error:
                # One metric that this pin does not have costs the whole answer.
                if error.kind is not ErrorKind.BAD_REQUEST:
                    raise
            return await _analytics(call, pin_id, query, payloads.COMMON)

        return await _each(ids, CAPABILITIES.daily_batch_size, read)


async def _analytics(
    call: Call, pin_id: str, query: Mapping[str, str], metrics: Mapping[str, str]
) -> Outcome:
    asked = {**query, "metric_types": ",".join(metrics.values())}
    answer = await _ask(call, f"pins/{pin_id}/analytics", dict[str, Any], asked)
    days = payloads.days_of(answer)
    if days is None:
        raise errors.malformed("no_days")
    return _series(call, days, tuple(name for name in payloads.DAILY if name not in metrics))


def _series(
    call: Call, days: Mapping[date, Mapping[str, int | float]], refused: tuple[str, ...] = ()
) -> Measured:
    return Measured(reading=Reading(observed_at=call.now, values={}, daily=days), partial=refused)


async def _each(
    ids: Sequence[str], most: int, read: Callable[[str], Awaitable[Outcome]]
) -> Mapping[str, Outcome]:
    """One outcome per asked id, a request each; no request for what can't be an id."""
    asked = [one for one in dict.fromkeys(ids) if _PIN_ID.fullmatch(one)]
    if len(asked) > most:
        raise ProviderError(ErrorKind.BAD_REQUEST, f"At most {most} pins a call, not {len(asked)}.")
    outcomes: dict[str, Outcome] = {
        one: Failed(ProviderError(ErrorKind.BAD_REQUEST, "This is no id of a pin.")) for one in ids
    }
    ended: ProviderError | None = None
    for pin_id in asked:
        try:
            outcomes[pin_id] = Failed(ended) if ended is not None else await read(pin_id)
        except ProviderError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                outcomes[pin_id] = Gone()
                continue
            if pin_id == asked[0] and error.kind in _ENDS_BATCH:
                raise
            ended = error if error.kind in _ENDS_BATCH else None
            outcomes[pin_id] = Failed(error)
    return outcomes


def _measured(call: Call, post: PostInfo, pin: Mapping[str, Any]) -> Measured:
    values, unusable = payloads.lifetime_of(pin)
    reading = Reading(
        observed_at=call.now,
        values=values,
        definitions=CAPABILITIES.definitions(),
        published_at=post.published_at,
    )
    return Measured(reading=reading, post=post, partial=unusable)


def _before(post: PostInfo, call: Call) -> bool:
    return call.since is not None and post.published_at is not None and post.published_at < call.since


async def _account(call: Call) -> Mapping[str, Any]:
    return await _ask(call, "user_account", dict[str, Any], {}, (errors.ACCOUNT_SCOPE,))


async def _ask(
    call: Call,
    path: str,
    kind: type[payloads.T],
    query: Mapping[str, str],
    scopes: tuple[str, ...] = errors.SCOPES,
) -> payloads.T:
    """The answer; anything else that comes back is raised as what it means."""
    if "access_token" not in call.credential.secrets:
        raise ProviderError(ErrorKind.TOKEN_EXPIRED, "There is no access token yet.")
    response = await _send(
        call,
        "GET",
        f"https://{HOST}/v5/{path}",
        params=query,
        headers={"Authorization": f"Bearer {call.credential.secret('access_token')}"},
    )
    answer = payloads.answer_of(response.content, kind) if response.status_code == 200 else None
    # A refusal with status 200 is an object as well; no answer has a code.
    if answer is None or (isinstance(answer, dict) and "code" in answer):
        raise errors.classify(response.status_code, response.headers, response.content, call.now, scopes)
    return answer


async def _token(call: Call, form: Mapping[str, str]) -> Credential:
    """The credential that the token endpoint answers with."""
    _refuse_without(call, "client_id", "client_secret")
    app = httpx.BasicAuth(call.credential.secret("client_id"), call.credential.secret("client_secret"))
    # Apps from before 2025-09-25 have to ask for refresh tokens that can be renewed without end.
    sent = {**form, "continuous_refresh": "true"}
    response = await _send(call, "POST", f"https://{HOST}/v5/oauth/token", data=sent, auth=app)
    credential = credential_of(call, response.content) if response.status_code == 200 else None
    if credential is None:
        raise errors.classify_token(response.status_code, response.headers, response.content, call.now)
    return credential


def _refuse_without(call: Call, *names: str) -> None:
    missing = [name for name in names if name not in call.credential.secrets]
    if missing:
        raise ProviderError(
            ErrorKind.CREDENTIAL_REVOKED,
            f"The access token can't be renewed without {', '.join(missing)}: connect again.",
        )


async def _send(call: Call, method: str, url: str, **sent: Any) -> httpx.Response:
    """The answer, whatever its status; redirects are answers and are not followed."""
    try:
        return await call.client.request(method, url, follow_redirects=False, **sent)
    except httpx.HTTPError as error:
        raise errors.network(error) from error
