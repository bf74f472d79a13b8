"""What TikTok offers and demands, as the Display API v2 documents it: metrics, limits, tokens, sign-in."""

from afterpost.sdk import (
    Capabilities,
    Cost,
    CredentialField,
    MetricSpec,
    OAuth,
    OAuthScope,
    Operation,
    RateLimit,
    Renewal,
)
from afterpost_tiktok import errors, payloads

HOST = "open.tiktokapis.com"
BATCH_SIZE = 20
"""Ids in one call of `video/query`, and videos on a page; the platform's maximum of both."""

_MEANINGS = {
    "views": "Views of the video.",
    "likes": "Likes of the video.",
    "comments": "Comments on the video.",
    "shares": "Times the video was shared.",
    "followers": "Followers of the account.",
    "following": "Accounts that this one follows.",
    "posts_total": "Public videos of the account.",
    "x_tiktok_likes_count": "Likes of all the account's videos together.",
}

_ENDPOINTS: tuple[tuple[Operation, ...], ...] = (
    ("list_posts",),
    ("fetch_metrics",),
    ("check", "fetch_account"),
)
"""Methods that ask the same endpoint."""


def _spec(metric: str, field: str, scope: str) -> MetricSpec:
    return MetricSpec(
        name=metric,
        native=field,
        meaning=_MEANINGS[metric],
        # Likes are taken back, comments deleted, views of machines taken off.
        monotonic=False,
        scopes=(scope,),
    )


CAPABILITIES = Capabilities(
    platform="tiktok",
    display_name="TikTok",
    metrics=tuple(_spec(*pair, errors.VIDEO_SCOPE) for pair in payloads.COUNTS.items()),
    account_metrics=tuple(_spec(*pair, errors.STATS_SCOPE) for pair in payloads.ACCOUNT_COUNTS.items()),
    batch_size=BATCH_SIZE,
    page_size=BATCH_SIZE,
    list_carries_metrics=True,
    hosts=(HOST,),
    limits=tuple(
        RateLimit(unit="requests", amount=600, seconds=60, scope="app", operations=operations)
        for operations in _ENDPOINTS
    ),
    costs=tuple(Cost(operation=operation) for operations in _ENDPOINTS for operation in operations),
    # Two hours for an access token, 180 days for a refresh token, which each renewal replaces.
    renewal=Renewal(before_seconds=300, rotates=True, idle_days=180),
)

CREDENTIAL_FIELDS = (
    CredentialField(
        "client_key",
        "Client key",
        secret=False,
        required=False,
        of_app=True,
        help="developers.tiktok.com, Manage apps.",
    ),
    CredentialField(
        "client_secret", "Client secret", required=False, of_app=True, help="Beside the client key."
    ),
    CredentialField("refresh_token", "Refresh token", required=False),
    CredentialField("access_token", "Access token (enough for two hours)", required=False),
)

SIGN_IN = OAuth(
    authorize_url="https://www.tiktok.com/v2/auth/authorize/",
    scopes=(
        OAuthScope(errors.BASIC_SCOPE, "Whose account it is"),
        OAuthScope(errors.VIDEO_SCOPE, "The public videos and their counts"),
        OAuthScope(errors.STATS_SCOPE, "Followers and other numbers of the account", required=False),
    ),
    client_id="client_key",
    client_parameter="client_key",
    separator=",",
    # TikTok writes the challenge in hexadecimal, unlike RFC 7636.
    challenge="hex",
)
"""Login Kit, for a desktop app: the redirect address has the host 127.0.0.1 or localhost."""
