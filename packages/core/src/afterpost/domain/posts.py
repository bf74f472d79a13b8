"""What a post is: its kind of content and the creative work it came from."""

from typing import Annotated

from msgspec import Meta, Struct

from afterpost.domain.ids import END, ShortText

ContentType = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,31}" + END)]
UNKNOWN_TYPE = "unknown"
OTHER_TYPE = "caption"
"""What a post is taken for whose type nobody here knows, as in learning."""

_LEARNING_TYPE = {
    "video": "video",
    "reel": "video",
    "short": "video",
    "image": "image",
    "photo": "image",
    "story": "image",
    "carousel": "image",
    "article": "article",
}
CONTENT_TYPES = frozenset(_LEARNING_TYPE) | {
    *(UNKNOWN_TYPE, OTHER_TYPE, "text", "link", "document", "poll", "idea", "live", "audio", "event"),
}
"""The types that a file or an ingest call may name; a provider's own words for its network are its own."""


def learning_type(content_type: str | None) -> str:
    """The content type used for learning: video, image, article, else caption."""
    return _LEARNING_TYPE.get((content_type or "").lower(), "caption")


class CreativeLinks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The creative work behind a post, as the caller's own ids; copied into the learning rows."""

    generation: ShortText | None = None
    hook: ShortText | None = None
    prompt: ShortText | None = None
    persona: ShortText | None = None
    creative_version: ShortText | None = None
    variant: ShortText | None = None
    schedule_slot: ShortText | None = None
    workflow: ShortText | None = None
