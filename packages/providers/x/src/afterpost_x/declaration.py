"""What X offers, demands and charges: metrics, limits, prices, tokens, and its sign-in."""

from afterpost.sdk import (
    Capabilities,
    Cost,
    CredentialField,
    MetricSpec,
    OAuth,
    OAuthScope,
    RateLimit,
    Renewal,
    Spend,
)
from afterpost_x import payloads
from afterpost_x.errors import SCOPES

HOST = "api.x.com"

BATCH_SIZE = 100
"""Ids in one call, and posts on a page; the platform's maximum of both."""

OWNED_READ, POST_READ, USER_READ = 1_000, 5_000, 10_000
"""Millionths of a US dollar: a post of the app's own account off a list, a post by its id, a user."""

_WINDOW = 15 * 60

_MEANINGS = {
    "impressions": "Times the post was on screen, as X counts views of posts.",
    "likes": "Likes of the post.",
    "comments": "Replies to the post.",
    "shares": "Reposts without words of one's own.",
    "quotes": "Posts that quote this one; they are not among its reposts.",
    "saves": "Bookmarks of the post.",
    "clicks_link": "Clicks on links in the post; told for 30 days.",
    "clicks_profile": "Clicks on the author's profile; told for 30 days.",
    "x_x_engagements": "All engagements as X counts them; told for 30 days.",
    "followers": "Followers of the account.",
    "following": "Accounts that this one follows.",
    "posts_total": "Posts of the account, reposts included.",
    "x_x_listed_count": "Lists that the account is on.",
}


def _spec(metric: str, native: str) -> MetricSpec:
    # Everything of X can be taken back, or taken off by X as not genuine.
    return MetricSpec(name=metric, native=native, meaning=_MEANINGS[metric], monotonic=False, scopes=SCOPES)


CAPABILITIES = Capabilities(
    platform="x",
    display_name="X",
    metrics=(
        *(_spec(name, f"public_metrics.{fields[0]}") for name, fields in payloads.PUBLIC.items()),
        *(_spec(name, f"non_public_metrics.{fields[0]}") for name, fields in payloads.NON_PUBLIC.items()),
    ),
    account_metrics=tuple(
        _spec(name, f"public_metrics.{fields[0]}") for name, fields in payloads.ACCOUNT.items()
    ),
    batch_size=BATCH_SIZE,
    page_size=BATCH_SIZE,
    list_carries_metrics=True,
    hosts=(HOST,),
    limits=(
        RateLimit(unit="requests", amount=900, seconds=_WINDOW, scope="account", operations=("list_posts",)),
        RateLimit(
            unit="requests", amount=5_000, seconds=_WINDOW, scope="account", operations=("fetch_metrics",)
        ),
        RateLimit(
            unit="requests",
            amount=75,
            seconds=_WINDOW,
            scope="account",
            operations=("check", "fetch_account"),
        ),
        # Posts read in a month. X's pages name two and three million; the lower one is safe.
        RateLimit(unit="units", amount=2_000_000, seconds=31 * 86_400, scope="app", resets="month UTC"),
    ),
    costs=(
        Cost(operation="check", call=Spend(requests=1, money=USER_READ)),
        Cost(operation="refresh"),
        Cost(operation="list_posts", call=Spend(requests=1), item=Spend(units=1, money=OWNED_READ)),
        # Two requests where some of the posts are older than 30 days and some are not.
        Cost(operation="fetch_metrics", call=Spend(requests=2), item=Spend(units=1, money=POST_READ)),
        Cost(operation="fetch_account", call=Spend(requests=1, money=USER_READ)),
    ),
    # Two hours for an access token; each renewal replaces the refresh token.
    renewal=Renewal(before_seconds=300, rotates=True),
)

CREDENTIAL_FIELDS = (
    CredentialField(
        "client_id",
        "Client id",
        secret=False,
        required=False,
        of_app=True,
        help="X's developer console, the app's keys and tokens, OAuth 2.0.",
    ),
    CredentialField(
        "client_secret",
        "Client secret (confidential apps only)",
        required=False,
        of_app=True,
        help="Beside the client id; a public app has none.",
    ),
    CredentialField("refresh_token", "Refresh token", required=False),
    CredentialField("access_token", "Access token (enough for two hours)", required=False),
)

SIGN_IN = OAuth(
    authorize_url="https://x.com/i/oauth2/authorize",
    scopes=(
        OAuthScope("tweet.read", "The posts and their numbers"),
        OAuthScope("users.read", "Whose account it is, and its followers"),
        OAuthScope("offline.access", "Going on after two hours, without asking again"),
    ),
)
"""OAuth 2.0 with PKCE."""
