"""The Bluesky provider: an account's own posts with their counts, and its followers, from its own server."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpx

from afterpost.sdk import (
    AccountProfile,
    AccountReading,
    Call,
    Capabilities,
    Credential,
    CredentialField,
    ErrorKind,
    Failed,
    Gone,
    Measured,
    Outcome,
    Page,
    PostInfo,
    Provider,
    ProviderError,
    Reading,
)
from afterpost_bluesky import errors, payloads
from afterpost_bluesky.declaration import BATCH_SIZE, CAPABILITIES, CREDENTIAL_FIELDS, PAGE_SIZE
from afterpost_bluesky.sessions import credential_of, server_of, service_of, session_of

if TYPE_CHECKING:
    from afterpost.emulator import Dialect, World

_URI = re.compile(
    r"at://did:[a-z]{1,32}:[A-Za-z0-9._:%-]{1,512}/app\.bsky\.feed\.post/[A-Za-z0-9._:~-]{1,512}"
)
"""A post's address, with the account's DID: a handle in its place would change with the handle."""


class Bluesky(Provider):
    """Lifetime counts of posts; Bluesky counts no views, so there is no exposure."""

    @property
    def capabilities(self) -> Capabilities:
        """Likes, replies, reposts, quotes and bookmarks of posts; followers and two more of the account."""
        return CAPABILITIES

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        """A handle and an app password, and the server where it is not Bluesky's own."""
        return CREDENTIAL_FIELDS

    def emulate(self, world: "World") -> "Dialect":
        """Bluesky's wire over a fake world."""
        from afterpost_bluesky.emulator import BlueskyDialect

        return BlueskyDialect(world)

    def hosts_for(self, credential: Credential) -> Sequence[str]:
        """The account's own server and the one it signs in at, beside Bluesky's."""
        named = (service_of(credential), server_of(credential))
        return tuple(dict.fromkeys((*CAPABILITIES.hosts, *named)))

    async def sign_in(self, call: Call) -> Credential:
        """A session for the app password, which is not kept; a typed access token stays as it is."""
        if "access_token" in call.credential.secrets:
            return call.credential
        return await self.refresh(call)

    async def check(self, call: Call) -> AccountProfile:
        """The account of the session."""
        session = await _ask(call, "com.atproto.server.getSession", payloads.Profile)
        if not session.did or not session.handle:
            raise errors.malformed("no_did")
        return AccountProfile(external_id=session.did, handle=session.handle, name=session.handle)

    async def refresh(self, call: Call) -> Credential:
        """The credential of a new session: by the refresh token, else by the app password."""
        secrets = call.credential.secrets
        url = f"https://{service_of(call.credential)}/xrpc/com.atproto.server."
        if "refresh_token" in secrets:
            bearer = {"Authorization": f"Bearer {call.credential.secret('refresh_token')}"}
            response = await _send(call, "POST", url + "refreshSession", headers=bearer)
        elif "identifier" in secrets and "app_password" in secrets:
            identifier = call.credential.secret("identifier").strip().removeprefix("@")
            typed = {"identifier": identifier, "password": call.credential.secret("app_password")}
            response = await _send(call, "POST", url + "createSession", json=typed)
        else:
            raise ProviderError(
                ErrorKind.CREDENTIAL_REVOKED,
                "There is no refresh_token, and no identifier with an app_password: connect again.",
            )
        if response.status_code != 200:
            raise errors.classify_session(response.status_code, response.headers, response.content, call.now)
        session = session_of(response.content)
        if session is None:
            raise errors.malformed("no_session")
        if session.active is False:
            raise ProviderError(
                ErrorKind.ACCOUNT_BLOCKED, "The Bluesky account is not active.", native="inactive"
            )
        return credential_of(call, session)

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """The account's own posts of a hundred items of its feed, with their counts, in one call.

        Replies to others are left out by the platform and what the account reposted here, so a page can have
        less than a hundred. Posts from before `call.since` end the list.
        """
        if cursor is not None and not 0 < len(cursor) <= 1_000:
            raise ProviderError(ErrorKind.BAD_REQUEST, "This is no cursor of a Bluesky listing.")
        did = call.account_id or (await self.check(call)).external_id
        query = {"actor": did, "limit": str(PAGE_SIZE), "filter": "posts_and_author_threads"}
        answer = await _ask(
            call,
            "app.bsky.feed.getAuthorFeed",
            payloads.Feed,
            query | ({"cursor": cursor} if cursor else {}),
        )
        following = answer.cursor or None
        if following is not None and following == cursor:
            raise errors.malformed("repeated_page")
        found = payloads.own_posts(payloads.items_of(answer.feed), did)
        wanted = [(post, view) for post, view in found if not _before(post, call)]
        # Newest first: once one is too old, all on the next pages are.
        return Page(
            tuple(post for post, _ in wanted),
            following if len(wanted) == len(found) else None,
            measured={post.external_id: _measured(call, post, view) for post, view in wanted},
        )

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """The counts of at most 25 posts, in one call.

        A post that Bluesky leaves out of its answer is gone. More ids are refused with BAD_REQUEST; an id
        that can't be one fails by itself, and no call is spent on it.
        """
        asked = [one for one in dict.fromkeys(ids) if _URI.fullmatch(one)]
        if len(asked) > BATCH_SIZE:
            raise ProviderError(
                ErrorKind.BAD_REQUEST, f"At most {BATCH_SIZE} posts a call, not {len(asked)}."
            )
        outcomes: dict[str, Outcome] = {
            one: Failed(ProviderError(ErrorKind.BAD_REQUEST, "This is no address of a Bluesky post."))
            for one in ids
        }
        if asked:
            answer = await _ask(call, "app.bsky.feed.getPosts", payloads.Posts, {"uris": asked})
            outcomes.update(_outcomes(call, asked, payloads.items_of(answer.posts)))
        return outcomes

    async def fetch_account(self, call: Call) -> AccountReading:
        """Followers, accounts followed, and posts, in one call."""
        did = call.account_id or (await self.check(call)).external_id
        profile = await _ask(call, "app.bsky.actor.getProfile", dict[str, Any], {"actor": did})
        if profile.get("did") != did:
            raise errors.malformed("no_profile")
        values, unusable = payloads.counts_of(profile, payloads.ACCOUNT_COUNTS)
        return AccountReading(values=values, partial=unusable)


def _outcomes(
    call: Call, asked: Sequence[str], items: Sequence[Mapping[str, Any] | None]
) -> Mapping[str, Outcome]:
    """What the posts of an answer say about each asked id."""
    posts = [(payloads.post_of(item), item) for item in items if item is not None]
    found = {post.external_id: _measured(call, post, item) for post, item in posts if post is not None}
    # A post that can't be told may have been any of those that seem to be missing.
    untold = None in items or any(post is None for post, _ in posts)
    absent = Failed(errors.malformed("unreadable_item")) if untold else Gone()
    return {one: found.get(one, absent) for one in asked}


def _measured(call: Call, post: PostInfo, view: Mapping[str, Any]) -> Measured:
    values, unusable = payloads.counts_of(view)
    reading = Reading(
        observed_at=call.now,
        values=values,
        definitions=CAPABILITIES.definitions(),
        published_at=post.published_at,
    )
    return Measured(reading=reading, post=post, partial=unusable)


def _before(post: PostInfo, call: Call) -> bool:
    return call.since is not None and post.published_at is not None and post.published_at < call.since


async def _ask(
    call: Call, method: str, kind: type[payloads.T], query: Mapping[str, str | list[str]] | None = None
) -> payloads.T:
    """The answer of a query at the account's own server; anything else is raised as what it means."""
    if "access_token" not in call.credential.secrets:
        raise ProviderError(ErrorKind.TOKEN_EXPIRED, "There is no session yet.")
    response = await _send(
        call,
        "GET",
        f"https://{server_of(call.credential)}/xrpc/{method}",
        params=query,
        headers={"Authorization": f"Bearer {call.credential.secret('access_token')}"},
    )
    answer = payloads.answer_of(response.content, kind) if response.status_code == 200 else None
    if answer is None:
        raise errors.classify(response.status_code, response.headers, response.content, call.now)
    return answer


async def _send(call: Call, method: str, url: str, **sent: Any) -> httpx.Response:
    """The answer, whatever its status; redirects are answers and are not followed."""
    try:
        return await call.client.request(method, url, follow_redirects=False, **sent)
    except httpx.HTTPError as error:
        raise errors.network(error) from error
