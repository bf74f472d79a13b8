"""What Bluesky offers and demands: metrics, limits, how sessions live, and what a person types."""

from afterpost.sdk import Capabilities, Cost, CredentialField, MetricSpec, RateLimit, Renewal
from afterpost_bluesky import payloads

ENTRYWAY = "bsky.social"
"""Where accounts sign in that Bluesky itself hosts."""

BATCH_SIZE = 25
"""Addresses in one call of `getPosts`; the platform's maximum."""

PAGE_SIZE = 100
"""Items on a page of `getAuthorFeed`, reposts among them; the platform's maximum."""

_MEANINGS = {
    "likes": "Likes of the post.",
    "comments": "Replies to the post itself.",
    "shares": "Reposts without words of one's own.",
    "quotes": "Posts that quote this one; they are not among its reposts.",
    "saves": "Accounts that keep the post as a bookmark.",
    "followers": "Followers of the account.",
    "following": "Accounts that this one follows.",
    "posts_total": "Posts of the account, replies included.",
}


def _spec(metric: str, field: str) -> MetricSpec:
    # Everything of Bluesky can be taken back: likes, reposts, quotes, follows.
    return MetricSpec(name=metric, native=field, meaning=_MEANINGS[metric], monotonic=False)


CAPABILITIES = Capabilities(
    platform="bluesky",
    display_name="Bluesky",
    metrics=tuple(_spec(*pair) for pair in payloads.COUNTS.items()),
    account_metrics=tuple(_spec(*pair) for pair in payloads.ACCOUNT_COUNTS.items()),
    batch_size=BATCH_SIZE,
    page_size=PAGE_SIZE,
    list_carries_metrics=True,
    hosts=(ENTRYWAY,),
    # A server counts by the address that asks: all accounts here together.
    limits=(RateLimit(unit="requests", amount=3_000, seconds=300, scope="app"),),
    costs=(
        Cost(operation="check"),
        Cost(operation="refresh"),
        Cost(operation="list_posts"),
        Cost(operation="fetch_metrics"),
        Cost(operation="fetch_account"),
    ),
    # Two hours for an access token, 90 days for a refresh token, which each renewal replaces.
    renewal=Renewal(before_seconds=300, rotates=True, idle_days=90),
)

CREDENTIAL_FIELDS = (
    CredentialField(
        "identifier",
        "Handle",
        secret=False,
        required=False,
        help="Such as name.bsky.social, without the @.",
    ),
    CredentialField(
        "app_password",
        "App password",
        required=False,
        help="Settings, Privacy and security, App passwords; it is used once and not kept.",
    ),
    CredentialField(
        "service",
        "Server to sign in at",
        secret=False,
        required=False,
        help=f"The host of an account that Bluesky does not host itself; else leave it empty ({ENTRYWAY}).",
    ),
    CredentialField("access_token", "Access token (enough for two hours)", required=False),
)
