"""The columns of YouTube Studio's export, and which metric each becomes."""

import re

from afterpost.builtin.imports.columns import Column, counter, hours, money, net, percent, seconds

DESCRIBING = ("Date", "Content", "Video title", "Video publish time", "Duration")
"""Columns that say which video it is."""

METRICS: dict[str, Column] = {
    "Views": counter("views"),
    "Watch time (hours)": hours("watch_time_seconds"),
    "Subscribers": net("x_youtube_subscribers"),
    "Impressions": counter("impressions"),
    "Thumbnail impressions": counter("impressions"),
    "Impressions click-through rate (%)": percent("x_youtube_impressions_ctr"),
    "Thumbnail click-through rate (%)": percent("x_youtube_impressions_ctr"),
    "Engaged views": counter("x_youtube_engaged_views"),
    "Average percentage viewed (%)": percent("x_youtube_avg_percentage_viewed"),
    "Unique viewers": counter("reach"),
    "Shares": counter("shares"),
    "Subscribers gained": counter("follows"),
    "Subscribers lost": counter("unfollows"),
    "Likes": counter("likes"),
    "Dislikes": counter("dislikes"),
    "Comments added": counter("comments"),
    "Average view duration": seconds("avg_view_seconds"),
    "Estimated revenue (USD)": money("x_youtube_estimated_revenue_micros"),
    "Your estimated revenue (USD)": money("x_youtube_estimated_revenue_micros"),
    "Stayed to watch (%)": percent("x_youtube_stayed_to_watch"),
    "Viewed (vs. swiped away) (%)": percent("x_youtube_stayed_to_watch"),
}
"""Studio's column -> metric. Studio renamed some of its columns; the earlier names are read as well.

Percentages become ratios (4.5 -> 0.045), hours seconds, US dollars millionths. Revenue is a gauge: money
is not among the counters that Afterpost adds up per day.
"""

_REVENUE = re.compile(r"(?:Your estimated|Estimated) revenue \(([A-Z]{3})\)")


def column_of(name: str) -> Column | None:
    """What Studio's column becomes; revenue in another currency than dollars is a metric of its own."""
    if name not in METRICS and (revenue := _REVENUE.fullmatch(name)):
        return money(f"x_youtube_estimated_revenue_{revenue[1].lower()}_micros")
    return METRICS.get(name)
