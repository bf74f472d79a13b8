"""The YouTube provider: the uploads playlist, counts of videos in batches of fifty, and their days."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx

from afterpost.sdk import (
    AccountProfile,
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
    Provider,
    ProviderError,
    Reading,
    Secret,
)
from afterpost_youtube import errors, payloads, reports
from afterpost_youtube.declaration import (
    ANALYTICS_HOST,
    API_HOST,
    BATCH_SIZE,
    CAPABILITIES,
    CREDENTIAL_FIELDS,
    DAYS,
    TOKEN_HOST,
)

if TYPE_CHECKING:
    from afterpost.emulator import Dialect, World

_LONGEST_TOKEN = 366 * 86_400
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class YouTube(Provider):
    """Lifetime counts from the YouTube Data API v3, a unit of its quota a call, and counts by day from the
    YouTube Analytics API, which has a quota of its own."""

    @property
    def capabilities(self) -> Capabilities:
        """Views, likes, dislikes (shown to the owner only) and comments, all lifetime counts; ten by day."""
        return CAPABILITIES

    @property
    def credential_fields(self) -> Sequence[CredentialField]:
        """A refresh token with its OAuth client, or an access token for as long as that lasts."""
        return CREDENTIAL_FIELDS

    def emulate(self, world: "World") -> "Dialect":
        """YouTube's wire over a fake world."""
        from afterpost_youtube.emulator import YouTubeDialect

        return YouTubeDialect(world)

    async def check(self, call: Call) -> AccountProfile:
        """The channel of the credential."""
        channel = await _own_channel(call, "snippet")
        snippet = payloads.part(channel, "snippet")
        channel_id = payloads.text(channel.get("id"))
        return AccountProfile(
            external_id=channel_id,
            handle=payloads.text(snippet.get("customUrl")) or channel_id,
            name=payloads.text(snippet.get("title")) or channel_id,
        )

    async def refresh(self, call: Call) -> Credential:
        """The credential with a new access token. Google keeps the refresh token the same."""
        secrets = call.credential.secrets
        missing = [name for name in ("client_id", "client_secret", "refresh_token") if name not in secrets]
        if missing:
            raise ProviderError(
                ErrorKind.CREDENTIAL_REVOKED,
                f"The access token can't be renewed without {', '.join(missing)}: connect again.",
            )
        form = {
            name: call.credential.secret(name) for name in ("client_id", "client_secret", "refresh_token")
        }
        response = await _send(
            call, "POST", f"https://{TOKEN_HOST}/token", data=form | {"grant_type": "refresh_token"}
        )
        if response.status_code != 200:
            raise errors.classify_token(response.status_code, response.headers, response.content, call.now)
        return _renewed(call, response.content)

    async def list_posts(self, call: Call, cursor: str | None) -> Page:
        """Fifty videos of the uploads playlist. The first page takes two calls, every other one."""
        if cursor is None:
            playlist, page = await _uploads_playlist(call), None
        else:
            try:
                at = payloads.Cursor.read(cursor)
            except (ValueError, RecursionError):
                raise ProviderError(
                    ErrorKind.BAD_REQUEST, "This is no cursor of a YouTube listing."
                ) from None
            playlist, page = at.playlist, at.page
        query = {"part": "contentDetails,snippet", "playlistId": playlist, "maxResults": str(BATCH_SIZE)}
        try:
            answer = await _list(call, "playlistItems", query | ({"pageToken": page} if page else {}))
        except ProviderError as error:
            # A channel that never uploaded has an uploads playlist by name only.
            if cursor is None and error.native == "playlistNotFound":
                return Page(())
            raise
        following = answer.next_page_token
        if following and following == page:
            raise errors.malformed("repeated_page")
        posts = (payloads.listed_post(item) for item in payloads.items_of(answer) if item)
        return Page(
            tuple(post for post in posts if post is not None),
            payloads.Cursor(playlist, following).text() if following else None,
        )

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        """The counts of at most fifty videos, in one call.

        A video that YouTube leaves out of its answer is gone. More ids than fifty are refused with
        BAD_REQUEST; an id that can't be one fails by itself, and no call is spent on it.
        """
        asked = [one for one in dict.fromkeys(ids) if _VIDEO_ID.fullmatch(one)]
        if len(asked) > BATCH_SIZE:
            raise ProviderError(
                ErrorKind.BAD_REQUEST, f"At most {BATCH_SIZE} videos a call, not {len(asked)}."
            )
        outcomes = _none_of(ids)
        if asked:
            answer = await _list(call, "videos", {"part": "statistics,snippet,status", "id": ",".join(asked)})
            outcomes.update(_outcomes(call, asked, payloads.items_of(answer)))
        return outcomes

    async def fetch_daily(
        self, call: Call, ids: Sequence[str], start: date, end: date
    ) -> Mapping[str, Outcome]:
        """Counts by day of Pacific time of one video, in one call; two where YouTube refuses a metric.

        The most recent days are absent: YouTube has no rows for them yet.
        """
        asked = [one for one in dict.fromkeys(ids) if _VIDEO_ID.fullmatch(one)]
        if len(asked) > CAPABILITIES.daily_batch_size:
            raise ProviderError(ErrorKind.BAD_REQUEST, f"At most one video a call, not {len(asked)}.")
        outcomes = _none_of(ids)
        today = call.now.astimezone(ZoneInfo(errors.QUOTA_ZONE)).date()
        start, end = max(start, today - timedelta(days=DAYS)), min(end, today)
        for video_id in asked:
            try:
                outcomes[video_id] = await _series(call, video_id, start, end)
            except ProviderError as error:
                # It says nothing about the next video.
                if error.kind not in (ErrorKind.METRIC_UNAVAILABLE, ErrorKind.BAD_REQUEST):
                    raise
                outcomes[video_id] = Failed(error)
        return outcomes


def _none_of(ids: Sequence[str]) -> dict[str, Outcome]:
    """What is said of ids until something else is known."""
    no_id = ProviderError(ErrorKind.BAD_REQUEST, "This is no id of a YouTube video.")
    return {one: Failed(no_id) for one in ids}


def _outcomes(
    call: Call, asked: Sequence[str], items: Sequence[Mapping[str, Any] | None]
) -> Mapping[str, Outcome]:
    """What the items of an answer say about each asked id."""
    found = {payloads.text(item.get("id")): item for item in items if item is not None}
    # An item that can't be told may have been any of the videos that seem to be missing.
    untold = None in items or "" in found
    absent = Failed(errors.malformed("unreadable_item")) if untold else Gone()
    return {one: _measured(call, one, found[one]) if one in found else absent for one in asked}


def _measured(call: Call, video_id: str, item: Mapping[str, Any]) -> Measured:
    post = payloads.video_post(video_id, item)
    values, unusable = payloads.counts_of(item)
    reading = Reading(
        observed_at=call.now,
        values=values,
        definitions=CAPABILITIES.definitions(),
        published_at=post.published_at,
    )
    return Measured(reading=reading, post=post, partial=unusable)


async def _series(call: Call, video_id: str, start: date, end: date) -> Measured:
    if start > end:
        return _measured_days(call, {})
    natives = list(reports.METRICS.values())
    response = await _report(call, video_id, start, end, natives)
    dead = reports.refused_metric(response.content, natives) if response.status_code == 400 else None
    if dead is not None:
        # One metric that YouTube does not know any more costs the whole answer.
        natives.remove(dead)
        response = await _report(call, video_id, start, end, natives)
    report = reports.report_of(response.content) if response.status_code == 200 else None
    if report is None:
        raise errors.classify(
            response.status_code, response.headers, response.content, call.now, errors.ANALYTICS
        )
    return _measured_days(call, reports.days_of(report, start, end), reports.lacking(report))


def _measured_days(call: Call, days: reports.Days, partial: tuple[str, ...] = ()) -> Measured:
    return Measured(reading=Reading(observed_at=call.now, values={}, daily=days), partial=partial)


async def _report(
    call: Call, video_id: str, start: date, end: date, natives: Sequence[str]
) -> httpx.Response:
    """What `reports.query` answers about the days of a video."""
    query = {
        "ids": "channel==MINE",
        "startDate": start.isoformat(),
        "endDate": end.isoformat(),
        "metrics": ",".join(natives),
        "dimensions": "day",
        "filters": f"video=={video_id}",
    }
    return await _get(call, f"https://{ANALYTICS_HOST}/v2/reports", query)


async def _own_channel(call: Call, parts: str) -> Mapping[str, Any]:
    items = payloads.items_of(await _list(call, "channels", {"part": parts, "mine": "true"}))
    channel = next((item for item in items if item is not None and payloads.text(item.get("id"))), None)
    if channel is None:
        if items:
            raise errors.malformed("unreadable_item")
        raise ProviderError(ErrorKind.NOT_FOUND, "This Google account has no YouTube channel.")
    return channel


async def _uploads_playlist(call: Call) -> str:
    channel = await _own_channel(call, "contentDetails")
    if call.account_id and channel["id"] != call.account_id:
        raise ProviderError(
            ErrorKind.PERMISSION_MISSING,
            f"The credential opens the channel {channel['id']}, not {call.account_id}: connect it again.",
        )
    playlists = payloads.part(payloads.part(channel, "contentDetails"), "relatedPlaylists")
    uploads = payloads.text(playlists.get("uploads"))
    if not uploads:
        raise errors.malformed("no_uploads_playlist")
    return uploads


async def _list(call: Call, resource: str, query: Mapping[str, str]) -> payloads.ListAnswer:
    """The answer of `<resource>.list`; anything else that comes back is raised as what it means."""
    response = await _get(call, f"https://{API_HOST}/youtube/v3/{resource}", query)
    kind = f"youtube#{resource.removesuffix('s')}ListResponse"
    answer = payloads.list_answer(response.content, kind) if response.status_code == 200 else None
    if answer is None:
        raise errors.classify(response.status_code, response.headers, response.content, call.now)
    return answer


async def _get(call: Call, url: str, query: Mapping[str, str]) -> httpx.Response:
    """The answer to the account, whatever its status."""
    if "access_token" not in call.credential.secrets:
        raise ProviderError(ErrorKind.TOKEN_EXPIRED, "There is no access token yet.")
    bearer = {"Authorization": f"Bearer {call.credential.secret('access_token')}"}
    return await _send(call, "GET", url, params=query, headers=bearer)


async def _send(
    call: Call,
    method: str,
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
) -> httpx.Response:
    """The answer, whatever its status; redirects are answers and are not followed."""
    try:
        return await call.client.request(
            method, url, params=params, headers=headers, data=data, follow_redirects=False
        )
    except httpx.HTTPError as error:
        raise errors.network(error) from error


def _renewed(call: Call, body: bytes) -> Credential:
    try:
        answer = errors.decode(body)
    except ValueError:
        answer = None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(token, str) or not token:
        raise errors.malformed("no_access_token")
    scope = answer.get("scope")
    return Credential(
        secrets={**call.credential.secrets, "access_token": Secret(token)},
        scopes=tuple(scope.split()) if isinstance(scope, str) else call.credential.scopes,
        expires_at=_end(answer.get("expires_in"), call.now),
    )


def _end(seconds: object, now: datetime) -> datetime | None:
    if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 < seconds <= _LONGEST_TOKEN:
        return now + timedelta(seconds=seconds)
    return None
