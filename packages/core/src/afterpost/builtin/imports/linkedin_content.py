"""LinkedIn's export of content: a workbook whose sheet "All posts" has its header in the second row."""

import re
from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from afterpost.builtin.imports.cells import shown, text, url
from afterpost.builtin.imports.columns import Column, counter
from afterpost.builtin.imports.post_export import Described, PostExport
from afterpost.builtin.imports.table import Row
from afterpost.builtin.imports.times import american_day, day, midnight
from afterpost.domain.posts import UNKNOWN_TYPE
from afterpost.sdk import FileContext

_URN = re.compile(r"urn:li:(?:activity|share|ugcPost):[0-9]{10,20}")
_TYPES = {"video": "video", "image": "image", "article": "article", "document": "document", "poll": "poll"}


class LinkedInContent(PostExport):
    """The sheet of single posts; the other sheets count days of the whole page."""

    name = "linkedin_content"
    title = "LinkedIn, content"
    note = (
        "Counters are stored as lifetime totals when the file was downloaded: choose the longest period that "
        "LinkedIn offers. Rates are left out, for they follow from the counts."
    )
    platform = "linkedin"
    needed = ("Post title", "Post link", "Created date")
    columns: ClassVar[Mapping[str, Column]] = {
        "Impressions": counter("impressions"),
        "Views": counter("x_linkedin_video_views"),
        "Offsite Views": counter("x_linkedin_offsite_video_views"),
        "Clicks": counter("clicks_link"),
        "Likes": counter("likes"),
        "Comments": counter("comments"),
        "Reposts": counter("shares"),
        "Follows": counter("follows"),
    }
    describing = (
        *("Post title", "Post link", "Post type", "Campaign name", "Posted by", "Created date"),
        *("Campaign start date", "Campaign end date", "Audience", "Content Type"),
        *("Click through rate (CTR)", "Engagement rate"),
    )

    def described(self, row: Row, context: FileContext) -> Described:
        link = row.text("Post link", url)
        urn = _URN.search(link)
        if urn is None and not row.problems:
            row.problems.append(f"Post link: {shown(link)} has no post's id in it, urn:li:activity:…")
        return Described(
            external_id=urn[0] if urn else "",
            published_at=row.value("Created date", lambda cell: midnight(_day(cell))),
            description=row.text("Post title", text),
            url=link,
            content_type=_TYPES.get(row.cell("Content Type").strip().casefold(), UNKNOWN_TYPE),
        )


def _day(cell: str) -> date:
    """`07/14/2026` where LinkedIn wrote a text, `2026-07-14` where the sheet holds a date."""
    return american_day(cell) if "/" in cell else day(cell.strip()[:10])
