"""What Instagram offers and demands, as its pages document it: metrics, limits, tokens, sign-in, terms."""

from datetime import date

from afterpost.sdk import (
    Capabilities,
    Cost,
    CredentialField,
    DefinitionChange,
    Kind,
    MetricSpec,
    OAuth,
    OAuthScope,
    RateLimit,
    Renewal,
    Spend,
    Terms,
)
from afterpost_instagram import payloads
from afterpost_instagram.errors import BASIC_SCOPE, INSIGHTS_SCOPE

GRAPH_HOST = "graph.instagram.com"
CODE_HOST = "api.instagram.com"
VERSION = "v24.0"
PAGE_SIZE = 100
BATCH_SIZE = 10
"""Posts in one call of `fetch_metrics`: each takes two requests, and all of them must fit into a minute."""

TOKEN_DAYS = 60

_DAY = 86_400
_VIEWS = date(2025, 4, 21)
_NOT_IN_REELS = ("image", "video", "carousel", "story")
_NOT_IN_STORIES = ("image", "video", "carousel", "reel")
_CONTENT_TYPES = {
    "likes": _NOT_IN_STORIES,
    "comments": _NOT_IN_STORIES,
    "saves": _NOT_IN_STORIES,
    "clicks_profile": _NOT_IN_REELS,
    "follows": _NOT_IN_REELS,
    "watch_time_seconds": ("reel",),
    "avg_view_seconds": ("reel",),
    "x_instagram_replies": ("story",),
}
"""Metric -> the types that have it; all others have it everywhere."""

_MEANINGS = {
    "views": "Times the post was played or displayed, without ads.",
    "reach": "Accounts that saw the post at least once, estimated by Instagram.",
    "likes": "Likes of the post, without ads.",
    "comments": "Comments on the post, without ads.",
    "shares": "Times the post was shared.",
    "saves": "Times the post was saved.",
    "clicks_profile": "Visits of the profile that came from the post.",
    "follows": "Accounts that began to follow because of the post.",
    "watch_time_seconds": "Time that the reel was played, replays included.",
    "avg_view_seconds": "Time that the reel was played, per start.",
    "x_instagram_total_interactions": "Likes, saves, comments and shares, as Instagram adds them up.",
    "x_instagram_replies": "Replies to the story.",
    "followers": "Followers of the account.",
    "following": "Accounts that this one follows.",
    "posts_total": "Posts of the account.",
}


def _spec(metric: str, native: str) -> MetricSpec:
    is_views = metric == "views"
    return MetricSpec(
        name=metric,
        native=f"insights.{native}",
        kind=Kind.GAUGE if metric == "avg_view_seconds" else Kind.CUMULATIVE,
        unit="seconds" if metric.endswith("_seconds") else "count",
        definition=_VIEWS.isoformat() if is_views else "1",
        meaning=_MEANINGS[metric],
        changes=(
            DefinitionChange(
                _VIEWS, "Views took the place of impressions, plays and video views, which ended."
            ),
        )
        if is_views
        else (),
        # Likes are taken back, comments deleted, and estimates corrected.
        monotonic=False,
        latency_hours=48,
        scopes=(BASIC_SCOPE, INSIGHTS_SCOPE),
        content_types=_CONTENT_TYPES.get(metric, ()),
    )


CAPABILITIES = Capabilities(
    platform="instagram",
    display_name="Instagram",
    metrics=tuple(_spec(*pair) for pair in payloads.INSIGHTS.items()),
    account_metrics=tuple(
        MetricSpec(
            name=metric, native=field, meaning=_MEANINGS[metric], monotonic=False, scopes=(BASIC_SCOPE,)
        )
        for metric, field in payloads.ACCOUNT_COUNTS.items()
    ),
    batch_size=BATCH_SIZE,
    page_size=PAGE_SIZE,
    hosts=(GRAPH_HOST, CODE_HOST),
    # 4,800 times the account's impressions within 24 hours: so many at least, for one that is seen at all.
    limits=(RateLimit(unit="requests", amount=4_800, seconds=_DAY, scope="account"),),
    costs=(Cost(operation="fetch_metrics", call=Spend(), item=Spend(requests=2)),),
    # A token renews itself while it lives, and nothing renews it afterwards.
    renewal=Renewal(before_seconds=10 * _DAY),
    terms=Terms(
        url="https://developers.facebook.com/terms/",
        read_on=date(2026, 11, 25),
        note="Data has to be deleted when Meta ends the access, when it is no longer needed, and when its "
        "owner asks for it; no number of days is named. Read in summaries, not in full: read them yourself.",
    ),
)

CREDENTIAL_FIELDS = (
    CredentialField(
        "client_id",
        "Instagram app id",
        secret=False,
        required=False,
        of_app=True,
        help="App Dashboard, Instagram, API setup with Instagram login.",
    ),
    CredentialField(
        "client_secret", "Instagram app secret", required=False, of_app=True, help="Beside the id."
    ),
    CredentialField(
        "access_token",
        "Long-lived access token",
        required=False,
        help="App Dashboard, Instagram, API setup with Instagram login, Generate access tokens.",
    ),
)

SIGN_IN = OAuth(
    authorize_url="https://www.instagram.com/oauth/authorize",
    scopes=(
        OAuthScope(BASIC_SCOPE, "The account and its posts"),
        OAuthScope(INSIGHTS_SCOPE, "The insights of its posts"),
    ),
    pkce=False,
    separator=",",
    # Meta takes https addresses only.
    loopback=False,
)
"""Business Login for Instagram."""
