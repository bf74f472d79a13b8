"""The wire of the YouTube Data API, read with care: one odd item or number never costs the others.

Shapes: https://youtube.googleapis.com/$discovery/rest?version=v3. Counts are uint64 in JSON strings, and
absent where the owner hides them.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from afterpost.sdk import PostInfo
from afterpost_youtube.errors import malformed

MAX_COUNT = 2**63 - 1
"""The largest count that can be kept."""

COUNTS = {
    "views": "viewCount",
    "likes": "likeCount",
    "dislikes": "dislikeCount",
    "comments": "commentCount",
}
"""Canonical metric -> field of `statistics`."""


class PageInfo(Struct, rename="camel"):
    """How many results there are on all pages."""

    total_results: int | None = None


class ListAnswer(Struct, rename="camel"):
    """The frame of every `list` answer; items stay undecoded, so that each can fail by itself."""

    kind: str
    items: list[msgspec.Raw] | None = None
    next_page_token: str | None = None
    page_info: PageInfo | None = None


class Cursor(Struct, frozen=True, rename={"playlist": "p", "page": "t"}):
    """Where a listing goes on: the uploads playlist and the page. It carries both, so that going on costs
    one call."""

    playlist: str
    page: str

    def text(self) -> str:
        """The cursor as an opaque ASCII string."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """The inverse of `text`; ValueError for anything else."""
        return msgspec.json.decode(base64.b64decode(text.encode(), altchars=b"-_", validate=True), type=cls)


def list_answer(body: bytes, kind: str) -> ListAnswer | None:
    """The frame of a list answer; None when the body is no answer of this kind, an error among others."""
    try:
        answer = msgspec.json.decode(body, type=ListAnswer)
    except (ValueError, RecursionError):
        return None
    return answer if answer.kind == kind else None


def items_of(answer: ListAnswer) -> Sequence[Mapping[str, Any] | None]:
    """The items of a list answer, None for one that can't be read.

    An answer without `items` counts only if it says itself that there are none, else ProviderError
    (UPSTREAM_MALFORMED) is raised: nothing is taken for deleted by mistake.
    """
    if answer.items is None:
        if answer.page_info is None or answer.page_info.total_results != 0:
            raise malformed("no_items")
        return ()
    return tuple(_item(raw) for raw in answer.items)


def counts_of(item: Mapping[str, Any]) -> tuple[dict[str, int], tuple[str, ...]]:
    """The counts of a video as canonical metrics, and the names of those that are there but unusable.

    An absent or null count is hidden and in neither. Negative numbers, fractions, text and numbers
    beyond `MAX_COUNT` are unusable.
    """
    statistics = part(item, "statistics")
    values: dict[str, int] = {}
    unusable = []
    for metric, field in COUNTS.items():
        raw = statistics.get(field)
        if raw is None:
            continue
        count = _count(raw)
        if count is None:
            unusable.append(metric)
        else:
            values[metric] = count
    return values, tuple(unusable)


def video_post(video_id: str, item: Mapping[str, Any]) -> PostInfo:
    """A video of `videos.list` as a post.

    Of a private one, as a scheduled one is until its hour, `publishedAt` is when it was uploaded: that tells
    no publication.
    """
    snippet = part(item, "snippet")
    private = part(item, "status").get("privacyStatus") == "private"
    return _post(video_id, snippet, None if private else snippet.get("publishedAt"))


def listed_post(item: Mapping[str, Any]) -> PostInfo | None:
    """A playlist item as a post; None when it names no video.

    The item's own `publishedAt` is when it came into the list; the video's is in `contentDetails`, and
    absent for private and scheduled ones.
    """
    details = part(item, "contentDetails")
    video_id = text(details.get("videoId"))
    if not video_id:
        return None
    return _post(video_id, part(item, "snippet"), details.get("videoPublishedAt"))


def part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of a resource; empty when it is absent or no object."""
    value = item.get(name)
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """The text without NUL, which no database keeps; empty when it is no text."""
    return value.replace("\0", "") if isinstance(value, str) else ""


def _item(raw: msgspec.Raw) -> Mapping[str, Any] | None:
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _post(video_id: str, snippet: Mapping[str, Any], published: object) -> PostInfo:
    return PostInfo(
        external_id=video_id,
        published_at=_instant(published),
        title=text(snippet.get("title")),
        description=text(snippet.get("description")),
        url=f"https://www.youtube.com/watch?v={video_id}",
        content_type="video",
    )


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _count(raw: object) -> int | None:
    if isinstance(raw, str) and re.fullmatch("[0-9]{1,20}", raw):
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        return None
    return raw if 0 <= raw <= MAX_COUNT else None
