"""What Pinterest offers and demands: metrics, limits, tokens, and its sign-in."""

from afterpost.sdk import (
    Capabilities,
    Cost,
    CredentialField,
    Kind,
    MetricSpec,
    OAuth,
    OAuthScope,
    RateLimit,
    Renewal,
    Spend,
)
from afterpost_pinterest import payloads
from afterpost_pinterest.errors import ACCOUNT_SCOPE, SCOPES

HOST = "api.pinterest.com"

BATCH_SIZE = 25
"""Pins in one call of `fetch_metrics`, each a request; reading many pins by id is not open to all apps."""

PAGE_SIZE = 250
"""Pins on a page; the platform's maximum."""

DAYS = 90
"""So far back analytics reach."""

_MEANINGS = {
    "impressions": "Times the pin was on screen.",
    "likes": "Reactions to the pin.",
    "comments": "Comments on the pin.",
    "clicks_link": "Clicks that led to the pin's link.",
    "clicks_post": "Clicks on the pin itself.",
    "saves": "Times the pin was saved to a board.",
    "clicks_profile": "Visits to the profile that came from the pin.",
    "follows": "Follows that came from the pin.",
    "views": "Views of the video: at least half of it on screen for two seconds (MRC).",
    "watch_time_seconds": "Time for which the video was watched.",
    "avg_view_seconds": "Time for which the video was watched, a view.",
    "followers": "Followers of the account.",
    "following": "Accounts that this one follows.",
    "posts_total": "Pins of the account, made and saved.",
    "x_pinterest_monthly_views": "Views of the account's pins in the last thirty days.",
}

_VIDEO = ("views", "watch_time_seconds", "avg_view_seconds")


def _total(metric: str, field: str) -> MetricSpec:
    return MetricSpec(
        name=metric,
        native=f"pin_metrics.lifetime_metrics.{field}",
        meaning=_MEANINGS[metric],
        # Reactions are taken back, comments deleted.
        monotonic=False,
        scopes=SCOPES,
    )


def _by_day(metric: str, native: str) -> MetricSpec:
    return MetricSpec(
        name=metric,
        native=native,
        kind=Kind.DAILY,
        unit="seconds" if metric.endswith("_seconds") else "count",
        meaning=_MEANINGS[metric],
        monotonic=False,
        day_zone="UTC",
        latency_hours=48,
        # A day is first an estimate.
        restated_days=3,
        content_types=("video",) if metric in _VIDEO else (),
        scopes=SCOPES,
    )


CAPABILITIES = Capabilities(
    platform="pinterest",
    display_name="Pinterest",
    metrics=(
        *(_total(*pair) for pair in payloads.COUNTS.items()),
        *(_by_day(*pair) for pair in payloads.DAILY.items()),
    ),
    account_metrics=tuple(
        MetricSpec(
            name=metric,
            native=field,
            kind=Kind.GAUGE if metric.startswith("x_") else Kind.CUMULATIVE,
            meaning=_MEANINGS[metric],
            monotonic=False,
            scopes=(ACCOUNT_SCOPE,),
        )
        for metric, field in payloads.ACCOUNT_COUNTS.items()
    ),
    batch_size=BATCH_SIZE,
    page_size=PAGE_SIZE,
    list_carries_metrics=True,
    daily_days=DAYS,
    daily_batch_size=1,
    hosts=(HOST,),
    limits=(RateLimit(unit="requests", amount=100, seconds=1, scope="account"),),
    costs=(
        Cost(operation="check"),
        Cost(operation="refresh"),
        Cost(operation="list_posts"),
        Cost(operation="fetch_metrics", call=Spend(), item=Spend(requests=1)),
        Cost(operation="fetch_account"),
        Cost(operation="fetch_daily", call=Spend(), item=Spend(requests=1)),
    ),
    # A refresh token lasts 60 days, and each renewal replaces it.
    renewal=Renewal(before_seconds=86_400, rotates=True, idle_days=60),
)

CREDENTIAL_FIELDS = (
    CredentialField(
        "client_id",
        "App id",
        secret=False,
        required=False,
        of_app=True,
        help="developers.pinterest.com, My apps.",
    ),
    CredentialField(
        "client_secret", "App secret key", required=False, of_app=True, help="Beside the app id."
    ),
    CredentialField("refresh_token", "Refresh token", required=False),
    CredentialField("access_token", "Access token", required=False),
)

SIGN_IN = OAuth(
    authorize_url="https://www.pinterest.com/oauth/",
    scopes=(
        OAuthScope("pins:read", "The public pins and their numbers"),
        OAuthScope("boards:read", "The boards that the pins are on"),
        OAuthScope(ACCOUNT_SCOPE, "Whose account it is, and its followers"),
    ),
    pkce=False,
    separator=",",
)
"""Pinterest's sign-in has no PKCE; the app's secret proves who exchanges the code."""
