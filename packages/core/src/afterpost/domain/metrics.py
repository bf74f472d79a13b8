"""The canonical metrics, their kinds, and which of them make up engagements and exposure."""

import re
from enum import StrEnum

CUMULATIVE = (
    "views",
    "impressions",
    "reach",
    "likes",
    "dislikes",
    "comments",
    "shares",
    "quotes",
    "saves",
    "clicks_link",
    "clicks_profile",
    "clicks_post",
    "follows",
    "unfollows",
    "watch_time_seconds",
)
"""Canonical lifetime counters, in the order every table and answer shows them. Only they have gains."""

CANONICAL = (*CUMULATIVE, "avg_view_seconds")
"""Every canonical name. `avg_view_seconds` is a gauge: a latest value, nothing earned."""

ACCOUNT_METRICS = ("followers", "following", "posts_total", "profile_views", "account_views")
"""Canonical numbers of an account itself."""

ENGAGEMENT_PARTS = ("likes", "comments", "shares", "saves")
"""`engagements` = the sum of these, of those the platform offers. One definition, everywhere."""

EXPOSURES = ("views", "impressions")
"""What a rate divides by: views where reported, else impressions."""

CLICKS = ("clicks_link", "clicks_profile", "clicks_post")

MAX_COUNT = 10**15
"""The largest counter that is believed. A thousand times what any post has, exact in JSON's numbers, and
small enough that sums over thousands of posts stay within BIGINT, where SQLite would go on in floats."""

_NATIVE = re.compile(r"x_[a-z][a-z0-9]*(_[a-z0-9]+)+")


class Kind(StrEnum):
    """How a metric behaves over time; declared per metric by whoever reports it."""

    CUMULATIVE = "cumulative"
    """A lifetime counter."""
    DAILY = "daily"
    """Already per day; its own series, never mixed into gains."""
    GAUGE = "gauge"
    """A level; a latest value only."""
    RATIO = "ratio"
    """A quotient; a latest value only."""


def is_metric_name(name: str) -> bool:
    """True for a canonical name or a provider's own one of the form `x_<provider>_<native>`."""
    return name in CANONICAL or (len(name) <= 80 and _NATIVE.fullmatch(name) is not None)


def is_account_metric_name(name: str) -> bool:
    """True for a canonical metric of accounts or a provider's own one of the form `x_<provider>_<native>`."""
    return name in ACCOUNT_METRICS or (len(name) <= 80 and _NATIVE.fullmatch(name) is not None)
