"""The Instagram provider: an account's posts and reels, their insights one by one, and its followers."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
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
from afterpost_instagram import errors, payloads, tokens
from afterpost_instagram.declaration import (
    BATCH_SIZE,
    CAPABILITIES,
    CODE_HOST,
    CREDENTIAL_FIELDS,
    GRAPH_HOST,
    PAGE_SIZE,
    SIGN_IN,
    TOKEN_DAYS,
    VERSION,
)
from afterpost_instagram.insights import insights

if TYPE_CHECKING:
    from afterpost.emulator import Dialect, World

_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CURSOR = re.compile(r"[A-Za-z0-9_=-]{1,512}")

_OF_THE_POST = frozenset(
    {
        ErrorKind.NOT_FOUND,
        ErrorKind.METRIC_UNAVAILABLE,
        ErrorKind.BAD_REQUEST,
        ErrorKind.UPSTREAM_MALFORMED,
    }
)
"""Failures that say nothing about the next post; after any other one, none is asked for."""

_PASSING = frozenset(
    {ErrorKind.RATE_LIMITED, ErrorKind.UPSTREAM_UNAVAILABLE, ErrorKind.UPSTREAM_MALFORMED, ErrorKind.NETWORK}
)


class Instagram(Provider):
    """Lifetime insights from the Instagram API with Instagram Login, two requests a post."""

    @property
    def capabilities(self) -> Capabilities:
        """Views, reach, likes, comments, shares, saves and more, by the kind of post; followers."""
        return CAPABILITIES

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        """A long-lived token; with the app's id and secret a person can sign in by browser instead."""
        return CREDENTIAL_FIELDS

    @property
    def oauth(self) -> OAuth:
        """Business Login for Instagram, which knows no PKCE."""
        return SIGN_IN

    def emulate(self, world: "World") -> "Dialect":
        """The API's wire over a fake world."""
        from afterpost_instagram.emulator import InstagramDialect

        return InstagramDialect(world)

    async def check(self, call: Call) -> AccountProfile:
        """The account of the token."""
        user = await _me(call, ("user_id", "username", "name"))
        user_id = _user_id(user)
        handle = payloads.text(user.get("username")) or user_id
        return AccountProfile(
            external_id=user_id, handle=handle, name=payloads.text(user.get("name")) or handle
        )

    async def sign_in(self, call: Call) -> Credential:
        """The typed token, renewed at once, since nobody knows when it ends.

        A token younger than a day can't be renewed yet; so one that Instagram does not renew has nearly all
        of its days left, or is dead, which `check` finds out.
        """
        try:
            return await self.refresh(call)
        except ProviderError as error:
            if error.kind in _PASSING or "access_token" not in call.credential.secrets:
                raise
        return tokens.ending(call.credential, call.now + timedelta(days=TOKEN_DAYS - 1))

    async def exchange_code(self, call: Call, grant: CodeGrant) -> Credential:
        """A token of an hour for the code of a sign-in, and one of sixty days for that."""
        _refuse_without(call, "client_id", "client_secret")
        secret = call.credential.secret("client_secret")
        form = {
            "client_id": call.credential.secret("client_id"),
            "client_secret": secret,
            "grant_type": "authorization_code",
            "redirect_uri": grant.redirect_uri,
            "code": grant.code.reveal(),
        }
        response = await _send(call, "POST", f"https://{CODE_HOST}/oauth/access_token", data=form)
        short = tokens.short_lived(response.content) if response.status_code == 200 else None
        if short is None:
            raise _refused_token(call, response)
        token, scopes = short
        query = {"grant_type": "ig_exchange_token", "client_secret": secret, "access_token": token}
        return await _long_lived(call, "access_token", query, scopes)

    async def refresh(self, call: Call) -> Credential:
        """The credential with sixty more days. There is no refresh token: a living token renews itself."""
        _refuse_without(call, "access_token")
        query = {"grant_type": "ig_refresh_token", "access_token": call.credential.secret("access_token")}
        return await _long_lived(call, "refresh_access_token", query, call.credential.scopes)

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """A hundred posts and reels, in one request. Those from before `call.since` end the list."""
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise ProviderError(ErrorKind.BAD_REQUEST, "This is no cursor of an Instagram listing.")
        query = {"fields": ",".join(payloads.MEDIA_FIELDS), "limit": str(PAGE_SIZE)}
        response = await _get(call, "me/media", query | ({"after": cursor} if cursor else {}))
        page = payloads.read(response.content, payloads.MediaPage) if response.status_code == 200 else None
        if page is None:
            raise _refused(call, response)
        if page.paging.next and not page.following:
            raise errors.malformed("no_cursor")
        if page.following is not None and page.following == cursor:
            raise errors.malformed("repeated_page")
        found = [post for item in payloads.items_of(page) if (post := payloads.post_of(item)) is not None]
        wanted = tuple(post for post in found if not _before(post, call))
        # Newest first: once one is too old, all on the next pages are.
        return Page(wanted, page.following if len(wanted) == len(found) else None)

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """The insights of at most ten posts, one after another: what it is, then what it has.

        A metric that is refused is named in `partial` and costs no other. A post that Instagram does not show
        is gone. More ids than ten are refused with BAD_REQUEST; an id that can't be one fails by itself.
        """
        asked = [one for one in dict.fromkeys(ids) if _MEDIA_ID.fullmatch(one)]
        if len(asked) > BATCH_SIZE:
            raise ProviderError(
                ErrorKind.BAD_REQUEST, f"At most {BATCH_SIZE} posts a call, not {len(asked)}."
            )
        outcomes: dict[str, Outcome] = {
            one: Failed(ProviderError(ErrorKind.BAD_REQUEST, "This is no id of an Instagram post."))
            for one in ids
        }
        for place, one in enumerate(asked):
            try:
                outcomes[one] = await _outcome(call, one)
            except ProviderError as error:
                if error.kind not in _OF_THE_POST:
                    if not place:
                        raise
                    outcomes |= dict.fromkeys(asked[place:], Failed(error))
                    break
                outcomes[one] = Failed(error)
        await _believe(call, [outcomes[one] for one in asked])
        return outcomes

    async def fetch_account(self, call: Call) -> AccountReading:
        """Followers, accounts followed, and posts, in one request."""
        user = await _me(call, tuple(payloads.ACCOUNT_COUNTS.values()))
        values, unusable = payloads.account_counts(user)
        return AccountReading(values=values, partial=unusable)


async def _outcome(call: Call, media_id: str) -> Outcome:
    """What Instagram says about one post. Raises ProviderError where it could not be read."""
    response = await _get(call, media_id, {"fields": ",".join(payloads.MEDIA_FIELDS)})
    item = payloads.read(response.content, dict[str, Any]) if response.status_code == 200 else None
    post = payloads.post_of(item) if item is not None else None
    if item is None or post is None or post.external_id != media_id:
        error = _refused(call, response)
        if error.kind is ErrorKind.NOT_FOUND:
            return Gone()
        raise error
    metrics = payloads.metrics_of(item)

    async def ask(names: Sequence[str]) -> httpx.Response:
        return await _get(call, f"{media_id}/insights", {"metric": ",".join(names)})

    try:
        found = await insights(call, metrics, ask)
    except ProviderError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            # The post is shown and its insights are not: it is of a kind that has none, and not gone.
            raise errors.unavailable_metrics() from None
        raise
    definitions, kinds = CAPABILITIES.definitions(), CAPABILITIES.kinds()
    reading = Reading(
        observed_at=call.now,
        values=found.values,
        definitions={metric: definitions[metric] for metric in metrics},
        kinds={metric: kinds[metric] for metric in metrics if metric in kinds},
        published_at=post.published_at,
    )
    return Measured(reading=reading, post=post, partial=found.refused)


async def _believe(call: Call, outcomes: Sequence[Outcome]) -> None:
    """See to it that nothing is taken for gone, nor for unreadable, that the token only may not read.

    Meta says "does not exist" of both. Where no post at all was read, the account itself is asked for.
    """
    if any(isinstance(outcome, Measured) for outcome in outcomes):
        return
    if any(isinstance(outcome, Gone) for outcome in outcomes):
        user_id = _user_id(await _me(call, ("user_id",)))
        if call.account_id and user_id != call.account_id:
            raise ProviderError(
                ErrorKind.PERMISSION_MISSING,
                f"The token opens the account {user_id}, not {call.account_id}: connect it again.",
            )
        return
    failed = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
    if failed and all(error.kind is ErrorKind.UPSTREAM_MALFORMED for error in failed):
        raise failed[0]


def _before(post: PostInfo, call: Call) -> bool:
    return call.since is not None and post.published_at is not None and post.published_at < call.since


async def _me(call: Call, fields: Sequence[str]) -> Mapping[str, Any]:
    response = await _get(call, "me", {"fields": ",".join(fields)})
    user: Mapping[str, Any] | None = (
        payloads.read(response.content, dict[str, Any]) if response.status_code == 200 else None
    )
    if user is None or "error" in user:
        raise _refused(call, response)
    return user


def _user_id(user: Mapping[str, Any]) -> str:
    """The account's id, which Meta writes as a text or as a number."""
    raw = user.get("user_id")
    user_id = str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else payloads.text(raw)
    if not user_id:
        raise errors.malformed("no_user_id")
    return user_id


async def _get(call: Call, path: str, query: Mapping[str, str]) -> httpx.Response:
    if "access_token" not in call.credential.secrets:
        raise ProviderError(ErrorKind.CREDENTIAL_REVOKED, "There is no access token: connect again.")
    # In a header, for addresses end up in logs.
    bearer = {"Authorization": f"Bearer {call.credential.secret('access_token')}"}
    return await _send(call, "GET", f"https://{GRAPH_HOST}/{VERSION}/{path}", params=query, headers=bearer)


async def _long_lived(call: Call, path: str, query: Mapping[str, str], scopes: tuple[str, ...]) -> Credential:
    """The credential of a token endpoint, which takes secrets in the query and in no other place."""
    response = await _send(call, "GET", f"https://{GRAPH_HOST}/{path}", params=query)
    credential = tokens.long_lived(call, response.content, scopes) if response.status_code == 200 else None
    if credential is None:
        raise _refused_token(call, response)
    return credential


def _refused(call: Call, response: httpx.Response) -> ProviderError:
    return errors.classify(response.status_code, response.headers, response.content, call.now)


def _refused_token(call: Call, response: httpx.Response) -> ProviderError:
    return errors.classify_token(response.status_code, response.headers, response.content, call.now)


def _refuse_without(call: Call, *names: str) -> None:
    missing = [name for name in names if name not in call.credential.secrets]
    if missing:
        raise ProviderError(
            ErrorKind.CREDENTIAL_REVOKED, f"There is no {' and no '.join(missing)}: connect again."
        )


async def _send(call: Call, method: str, url: str, **sent: Any) -> httpx.Response:
    """The answer, whatever its status; redirects are answers and are not followed."""
    try:
        return await call.client.request(method, url, follow_redirects=False, **sent)
    except httpx.HTTPError as error:
        # Not chained: its request may hold a token.
        raise errors.network(error) from None
