"""The TikTok provider: an account's public videos with their counts, twenty a call, and its followers."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

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
from afterpost_tiktok import errors, payloads
from afterpost_tiktok.declaration import BATCH_SIZE, CAPABILITIES, CREDENTIAL_FIELDS, HOST, SIGN_IN
from afterpost_tiktok.tokens import credential_of

if TYPE_CHECKING:
    from afterpost.emulator import Dialect, World

T = TypeVar("T", payloads.Videos, payloads.Users)

_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CURSOR = re.compile(r"[0-9]{1,16}", re.ASCII)


class TikTok(Provider):
    """Lifetime counts of public videos from the Display API v2; there is no history, only now."""

    @property
    def capabilities(self) -> Capabilities:
        """Views, likes, comments and shares of videos; followers and three more of the account."""
        return CAPABILITIES

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        """A refresh token with its app, or an access token for as long as that lasts."""
        return CREDENTIAL_FIELDS

    @property
    def oauth(self) -> OAuth:
        """Login Kit with PKCE."""
        return SIGN_IN

    def emulate(self, world: "World") -> "Dialect":
        """The Display API's wire over a fake world."""
        from afterpost_tiktok.emulator import TikTokDialect

        return TikTokDialect(world)

    async def check(self, call: Call) -> AccountProfile:
        """The account of the credential. Its name is asked for alone: a handle needs one more scope."""
        user = await _user(call, ("open_id", "display_name"), errors.BASIC_SCOPE)
        open_id = payloads.text(user.get("open_id"))
        if not open_id:
            raise errors.malformed("no_open_id")
        name = payloads.text(user.get("display_name")) or open_id
        return AccountProfile(external_id=open_id, handle=name, name=name)

    async def exchange_code(self, call: Call, grant: CodeGrant) -> Credential:
        """Both tokens for the code of a sign-in."""
        form = {"grant_type": "authorization_code", "code": grant.code.reveal()}
        form["redirect_uri"] = grant.redirect_uri
        if grant.verifier is not None:
            form["code_verifier"] = grant.verifier.reveal()
        return await _token(call, form)

    async def refresh(self, call: Call) -> Credential:
        """The credential with new tokens, both of them: the old refresh token is dead from now on."""
        _refuse_without(call, "refresh_token")
        form = {"grant_type": "refresh_token", "refresh_token": call.credential.secret("refresh_token")}
        return await _token(call, form)

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """Twenty videos with their counts, in one call. Those from before `call.since` end the list."""
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise ProviderError(ErrorKind.BAD_REQUEST, "This is no cursor of a TikTok listing.")
        asked = {"max_count": BATCH_SIZE} | ({"cursor": int(cursor)} if cursor else {})
        answer = await _videos(call, "list", asked)
        following = None
        if answer.has_more:
            if answer.cursor is None or answer.cursor < 0:
                raise errors.malformed("no_cursor")
            following = str(answer.cursor)
            if following == cursor:
                raise errors.malformed("repeated_page")
        found = [
            (post, item)
            for item in payloads.videos_of(answer)
            if item is not None and (post := payloads.post_of(item)) is not None
        ]
        wanted = [(post, item) for post, item in found if not _before(post, call)]
        # Newest first: once one is too old, all on the next pages are.
        return Page(
            tuple(post for post, _ in wanted),
            following if len(wanted) == len(found) else None,
            measured={post.external_id: _measured(call, post, item) for post, item in wanted},
        )

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """The counts of at most twenty videos, in one call.

        A video that TikTok leaves out of its answer is gone: deleted, private, or not this account's. More
        ids are refused with BAD_REQUEST; an id that can't be one fails by itself, and no call is spent on it.
        """
        asked = [one for one in dict.fromkeys(ids) if _VIDEO_ID.fullmatch(one)]
        if len(asked) > BATCH_SIZE:
            raise ProviderError(
                ErrorKind.BAD_REQUEST, f"At most {BATCH_SIZE} videos a call, not {len(asked)}."
            )
        outcomes: dict[str, Outcome] = {
            one: Failed(ProviderError(ErrorKind.BAD_REQUEST, "This is no id of a TikTok video."))
            for one in ids
        }
        if asked:
            answer = await _videos(call, "query", {"filters": {"video_ids": asked}})
            outcomes.update(_outcomes(call, asked, payloads.videos_of(answer)))
        return outcomes

    async def fetch_account(self, call: Call) -> AccountReading:
        """Followers, accounts followed, videos, and likes of all videos, in one call."""
        fields = tuple(payloads.ACCOUNT_COUNTS.values())
        user = await _user(call, fields, errors.STATS_SCOPE)
        values, unusable = payloads.counts_of(user, payloads.ACCOUNT_COUNTS)
        return AccountReading(values=values, partial=unusable)


def _outcomes(
    call: Call, asked: Sequence[str], items: Sequence[Mapping[str, Any] | None]
) -> Mapping[str, Outcome]:
    """What the videos of an answer say about each asked id."""
    posts = [(payloads.post_of(item), item) for item in items if item is not None]
    found = {post.external_id: _measured(call, post, item) for post, item in posts if post is not None}
    # A video that can't be told may have been any of those that seem to be missing.
    untold = None in items or any(post is None for post, _ in posts)
    absent = Failed(errors.malformed("unreadable_item")) if untold else Gone()
    return {one: found.get(one, absent) for one in asked}


def _measured(call: Call, post: PostInfo, item: Mapping[str, Any]) -> Measured:
    values, unusable = payloads.counts_of(item)
    reading = Reading(
        observed_at=call.now,
        values=values,
        definitions=CAPABILITIES.definitions(),
        published_at=post.published_at,
    )
    return Measured(reading=reading, post=post, partial=unusable)


def _before(post: PostInfo, call: Call) -> bool:
    return call.since is not None and post.published_at is not None and post.published_at < call.since


async def _videos(call: Call, method: str, sent: Mapping[str, Any]) -> payloads.Videos:
    url = f"https://{HOST}/v2/video/{method}/"
    query = {"fields": ",".join(payloads.VIDEO_FIELDS)}
    return await _ask(call, payloads.Videos, errors.VIDEO_SCOPE, "POST", url, params=query, json=dict(sent))


async def _user(call: Call, fields: Sequence[str], scope: str) -> Mapping[str, Any]:
    url = f"https://{HOST}/v2/user/info/"
    answer = await _ask(call, payloads.Users, scope, "GET", url, params={"fields": ",".join(fields)})
    return answer.user


async def _ask(call: Call, kind: type[T], scope: str, method: str, url: str, **sent: Any) -> T:
    """The data of an answer; anything else that comes back is raised as what it means."""
    if "access_token" not in call.credential.secrets:
        raise ProviderError(ErrorKind.TOKEN_EXPIRED, "There is no access token yet.")
    bearer = {"Authorization": f"Bearer {call.credential.secret('access_token')}"}
    response = await _send(call, method, url, headers=bearer, **sent)
    answer = payloads.data_of(response.content, kind) if response.status_code == 200 else None
    if answer is None:
        raise errors.classify(
            response.status_code, response.headers, response.content, call.now, scopes=(scope,)
        )
    found: T = answer
    return found


async def _token(call: Call, form: Mapping[str, str]) -> Credential:
    """The credential that the token endpoint answers with."""
    _refuse_without(call, "client_key", "client_secret")
    app = {name: call.credential.secret(name) for name in ("client_key", "client_secret")}
    response = await _send(call, "POST", f"https://{HOST}/v2/oauth/token/", data={**app, **form})
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
