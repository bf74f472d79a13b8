"""What YouTube offers and demands: metrics, hosts, limits, and what a credential is made of."""

from datetime import date

from afterpost.sdk import (
    Capabilities,
    Cost,
    CredentialField,
    DefinitionChange,
    Kind,
    MetricSpec,
    RateLimit,
    Spend,
)
from afterpost_youtube import payloads, reports
from afterpost_youtube.errors import ANALYTICS_SCOPE, QUOTA_ZONE, SCOPE

API_HOST = "youtube.googleapis.com"
ANALYTICS_HOST = "youtubeanalytics.googleapis.com"
TOKEN_HOST = "oauth2.googleapis.com"

BATCH_SIZE = 50
"""Ids in one call of `videos.list`, and items on a page; the platform's maximum of both."""

DAYS = 365
"""So far back series by day are read. YouTube keeps all of them; one call has them, however many days."""

SHORTS = DefinitionChange(
    date(2025, 3, 31), "a Short counts every start and every loop; before, only views of some length."
)

_DAILY_MEANINGS = {
    "views": "Views of the day; of a Short every start and every loop.",
    "x_youtube_engaged_views": "Views of the day that went on past the first frame.",
    "likes": "Likes that the day brought.",
    "dislikes": "Dislikes that the day brought.",
    "comments": "Comments that the day brought.",
    "shares": "Times the video was shared with the share button.",
    "follows": "Subscriptions to the channel that came from the video.",
    "unfollows": "Subscriptions to the channel that were ended on the video.",
    "watch_time_seconds": "Time for which the video was watched; YouTube counts whole minutes.",
    "avg_view_seconds": "Time for which the video was watched, a view.",
}


def _total(metric: str, field: str) -> MetricSpec:
    return MetricSpec(
        name=metric,
        native=f"statistics.{field}",
        definition="2025-03-31" if metric == "views" else "1",
        changes=(SHORTS,) if metric == "views" else (),
        # Views fall when spam is purged, likes when they are taken back.
        monotonic=False,
        scopes=(SCOPE,),
    )


def _by_day(metric: str, native: str) -> MetricSpec:
    return MetricSpec(
        name=metric,
        native=f"reports.{native}",
        kind=Kind.DAILY,
        unit="seconds" if metric.endswith("_seconds") else "count",
        meaning=_DAILY_MEANINGS[metric],
        monotonic=False,
        day_zone=QUOTA_ZONE,
        # The last two or three days have no rows yet; then YouTube still corrects some.
        latency_hours=72,
        restated_days=4,
        scopes=(SCOPE, ANALYTICS_SCOPE),
    )


CAPABILITIES = Capabilities(
    platform="youtube",
    display_name="YouTube",
    metrics=(
        *(_total(*pair) for pair in payloads.COUNTS.items()),
        *(_by_day(*pair) for pair in reports.METRICS.items()),
    ),
    batch_size=BATCH_SIZE,
    daily_days=DAYS,
    daily_batch_size=1,
    hosts=(API_HOST, ANALYTICS_HOST, TOKEN_HOST),
    limits=(
        RateLimit(unit="units", amount=10_000, seconds=86_400, scope="app", resets=f"midnight {QUOTA_ZONE}"),
    ),
    # Units are the Data API's. Of the Analytics API's quota a project's own page alone tells the size.
    costs=(
        Cost(operation="check", call=Spend(requests=1, units=1)),
        # The first page, which is mostly the only one, takes another to find the playlist.
        Cost(operation="list_posts", call=Spend(requests=2, units=2)),
        Cost(operation="fetch_metrics", call=Spend(requests=1, units=1)),
        Cost(operation="fetch_daily", call=Spend(), item=Spend(requests=1)),
    ),
)

CREDENTIAL_FIELDS = (
    CredentialField("client_id", "OAuth client id", secret=False, required=False, of_app=True),
    CredentialField("client_secret", "OAuth client secret", required=False, of_app=True),
    CredentialField(
        "refresh_token",
        "Refresh token",
        required=False,
        help="Of a grant with the scopes youtube.readonly and, for series by day, yt-analytics.readonly.",
    ),
    CredentialField("access_token", "Access token (enough for one hour)", required=False),
)
