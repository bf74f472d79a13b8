"""The X provider: an account's posts with their counts, off the list where that is cheaper, else by id."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
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
from afterpost_x import errors, payloads
from afterpost_x.declaration import BATCH_SIZE, CAPABILITIES, CREDENTIAL_FIELDS, HOST, SIGN_IN
from afterpost_x.tokens import credential_of

if TYPE_CHECKING:
    from afterpost.emulator import Dialect, World

_POST_ID = re.compile(r"[0-9]{1,19}", re.ASCII)


class X(Provider):
    """Lifetime counts of posts. Every post that is read costs money: a list a fifth of reading by id.

    `dialect` is the one requests are made in, `tweet` or `post`; answers are understood in both.
    """

    def __init__(self, dialect: str = "tweet") -> None:
        if dialect not in ("tweet", "post"):
            raise ValueError(f"X has the fields of tweet and post, not of {dialect!r}.")
        self._dialect = dialect

    @property
    def capabilities(self) -> Capabilities:
        """Six public counts, three more for 30 days, and the account's followers and three more."""
        return CAPABILITIES

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        """A refresh token with its app, or an access token for as long as that lasts."""
        return CREDENTIAL_FIELDS

    @property
    def oauth(self) -> OAuth:
        """OAuth 2.0 with PKCE."""
        return SIGN_IN

    def emulate(self, world: "World") -> "Dialect":
        """X's wire over a fake world, in the dialect that this provider asks in."""
        from afterpost_x.emulator import XDialect

        return XDialect(world, dialect=self._dialect)

    async def check(self, call: Call) -> AccountProfile:
        """The account of the credential."""
        user = await _me(call)
        user_id = payloads.text(user.get("id"))
        if not user_id:
            raise errors.malformed("no_id")
        handle = payloads.text(user.get("username")) or user_id
        return AccountProfile(
            external_id=user_id, handle=handle, name=payloads.text(user.get("name")) or handle
        )

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
        """A hundred of the account's own posts with their counts, in one call; no reposts and no replies.

        Those of the last 30 days come first, for X refuses what only they have of older ones; nothing from
        before `call.since` is asked for, since every post costs.
        """
        at = _start(call) if cursor is None else _read(cursor)
        cut = datetime.fromtimestamp(at.cut, UTC)
        user_id = call.account_id or (await self.check(call)).external_id
        query = {"max_results": str(BATCH_SIZE), "exclude": "retweets,replies"}
        query |= self._fields(young=not at.older)
        since = call.since
        if at.older:
            query["end_time"] = _written(cut)
        else:
            since = max(since, cut) if since is not None else cut
        if since is not None:
            query["start_time"] = _written(since)
        if at.token is not None:
            query["pagination_token"] = at.token
        answer = await _ask(call, f"users/{user_id}/tweets", payloads.Answer, query)
        if answer.data is None and (answer.meta or {}).get("result_count") != 0:
            # No empty list, but a refusal with status 200: of the whole account.
            problem = next((one for one in payloads.items_of(answer.errors) if one is not None), None)
            raise errors.of_problem(problem, call.now) if problem else errors.malformed("no_data")
        found = [
            (post, item)
            for item in payloads.items_of(answer.data)
            if item is not None and (post := payloads.post_of(item)) is not None
        ]
        refused = _refused(payloads.items_of(answer.errors))
        return Page(
            tuple(post for post, _ in found),
            _following(call, at, answer),
            measured={
                post.external_id: _measured(call, post, item, not at.older, refused) for post, item in found
            },
        )

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """The counts of at most a hundred posts: one call for those of the last 30 days, one for the others.

        A post is gone when X says that it is not found or not to be seen. More ids are refused with
        BAD_REQUEST; an id that can't be one fails by itself, and no call is spent on it.
        """
        asked = [one for one in dict.fromkeys(ids) if _POST_ID.fullmatch(one)]
        if len(asked) > BATCH_SIZE:
            raise ProviderError(
                ErrorKind.BAD_REQUEST, f"At most {BATCH_SIZE} posts a call, not {len(asked)}."
            )
        outcomes: dict[str, Outcome] = {
            one: Failed(ProviderError(ErrorKind.BAD_REQUEST, "This is no id of an X post.")) for one in ids
        }
        young = [one for one in asked if _is_young(call, one)]
        old = [one for one in asked if one not in set(young)]
        groups = [group for group in ((young, True), (old, False)) if group[0]]
        for place, (group, is_young) in enumerate(groups):
            try:
                outcomes.update(await self._fetch(call, group, young=is_young))
            except ProviderError as error:
                if place == 0:
                    raise
                # What was read, and paid for, is kept.
                outcomes.update(dict.fromkeys(group, Failed(error)))
        return outcomes

    async def fetch_account(self, call: Call) -> AccountReading:
        """Followers, accounts followed, posts, and lists that the account is on, in one call."""
        user = await _me(call)
        values, unusable = payloads.counts_of(payloads.part(user, "public_metrics"), payloads.ACCOUNT)
        return AccountReading(values=values, partial=unusable)

    async def _fetch(self, call: Call, ids: Sequence[str], *, young: bool) -> Mapping[str, Outcome]:
        query = {"ids": ",".join(ids), **self._fields(young=young)}
        answer = await _ask(call, "tweets", payloads.Answer, query)
        return _outcomes(call, ids, answer, young=young)

    def _fields(self, *, young: bool) -> Mapping[str, str]:
        note = "note_tweet" if self._dialect == "tweet" else "note_post"
        wanted = ["attachments", "created_at", note, "public_metrics", "text"]
        wanted += ["non_public_metrics"] if young else []
        return {f"{self._dialect}.fields": ",".join(wanted)}


def _outcomes(
    call: Call, asked: Sequence[str], answer: payloads.Answer, *, young: bool
) -> Mapping[str, Outcome]:
    """What the posts and the problems of an answer say about each asked id."""
    problems = payloads.items_of(answer.errors)
    refused = _refused(problems)
    outcomes: dict[str, Outcome] = {}
    for item in payloads.items_of(answer.data):
        post = payloads.post_of(item) if item is not None else None
        if item is not None and post is not None:
            outcomes[post.external_id] = _measured(call, post, item, young, refused)
    for problem in problems:
        one = payloads.concerned(problem) if problem is not None else ""
        if problem is None or one in outcomes or payloads.of_field(problem):
            continue
        outcomes[one] = Gone() if payloads.gone(problem) else Failed(errors.of_problem(problem, call.now))
    # X says of each post that is gone that it is; silence is no word of it.
    silent = Failed(errors.malformed("unmentioned_post"))
    return {one: outcomes.get(one, silent) for one in asked}


def _refused(problems: Sequence[Mapping[str, Any] | None]) -> frozenset[str]:
    """The ids of posts that X refused a field of."""
    return frozenset(
        payloads.concerned(problem)
        for problem in problems
        if problem is not None and payloads.of_field(problem)
    )


def _measured(
    call: Call, post: PostInfo, item: Mapping[str, Any], young: bool, refused: frozenset[str]
) -> Measured:
    values, unusable = payloads.metrics_of(item)
    metrics = (*payloads.PUBLIC, *(payloads.NON_PUBLIC if young else ()))
    if post.external_id in refused:
        unusable += tuple(name for name in payloads.NON_PUBLIC if name in metrics and name not in values)
    definitions = CAPABILITIES.definitions()
    reading = Reading(
        observed_at=call.now,
        values={name: value for name, value in values.items() if name in metrics},
        # Of what was asked for: an old post's link clicks are not hidden, they are not offered.
        definitions={name: definitions[name] for name in metrics},
        published_at=post.published_at,
    )
    return Measured(reading=reading, post=post, partial=unusable)


def _is_young(call: Call, post_id: str) -> bool:
    published = payloads.published_by_id(post_id)
    return published is not None and published > call.now - payloads.NON_PUBLIC_AGE


def _start(call: Call) -> payloads.Cursor:
    return payloads.Cursor(int((call.now - payloads.NON_PUBLIC_AGE).timestamp()) + 1, False, None)


def _read(cursor: str) -> payloads.Cursor:
    try:
        return payloads.Cursor.read(cursor)
    except (ValueError, RecursionError):
        raise ProviderError(ErrorKind.BAD_REQUEST, "This is no cursor of an X listing.") from None


def _following(call: Call, at: payloads.Cursor, answer: payloads.Answer) -> str | None:
    token = (answer.meta or {}).get("next_token")
    if token is not None:
        if not isinstance(token, str) or not token or token == at.token:
            raise errors.malformed("repeated_page")
        return payloads.Cursor(at.cut, at.older, token).text()
    if at.older or (call.since is not None and call.since.timestamp() >= at.cut):
        return None
    return payloads.Cursor(at.cut, True, None).text()


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _me(call: Call) -> Mapping[str, Any]:
    answer = await _ask(call, "users/me", payloads.User, {"user.fields": "public_metrics"})
    return answer.data


async def _ask(call: Call, path: str, kind: type[payloads.T], query: Mapping[str, str]) -> payloads.T:
    """The answer; anything else that comes back is raised as what it means."""
    if "access_token" not in call.credential.secrets:
        raise ProviderError(ErrorKind.TOKEN_EXPIRED, "There is no access token yet.")
    response = await _send(
        call,
        "GET",
        f"https://{HOST}/2/{path}",
        params=query,
        headers={"Authorization": f"Bearer {call.credential.secret('access_token')}"},
    )
    answer = payloads.answer_of(response.content, kind) if response.status_code == 200 else None
    # An object with none of an answer's parts is a refusal, or nothing that X ever said.
    if answer is None or answer == payloads.Answer():
        raise errors.classify(response.status_code, response.headers, response.content, call.now)
    return answer


async def _token(call: Call, form: Mapping[str, str]) -> Credential:
    """The credential that the token endpoint answers with. A public app has no secret and names itself."""
    _refuse_without(call, "client_id")
    client_id, secrets = call.credential.secret("client_id"), call.credential.secrets
    url = f"https://{HOST}/2/oauth2/token"
    if "client_secret" in secrets:
        app = httpx.BasicAuth(client_id, call.credential.secret("client_secret"))
        response = await _send(call, "POST", url, data=dict(form), auth=app)
    else:
        response = await _send(call, "POST", url, data={**form, "client_id": client_id})
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
