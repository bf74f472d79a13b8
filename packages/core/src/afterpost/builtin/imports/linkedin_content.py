"""LinkedIn's export of content: a workbook whose sheet "All posts" has its header in the second row."""

import re
from collections.abc import Mapping
from typing import ClassVar

from afterpost.builtin.imports.cells import shown
from afterpost.builtin.imports.columns import Column, counter
from afterpost.builtin.imports.post_export import Described, PostExport, type_in
from afterpost.builtin.imports.table import Row
from afterpost.builtin.imports.times import american_day, publication
from afterpost.sdk import FileContext

_URN = re.compile(r"urn:li:(?:activity|share|ugcPost):[0-9]{10,20}(?![0-9])")
_OWN_VIEWS = re.compile(r"Views \(Excluding .*\)", re.IGNORECASE)
"""Plays on LinkedIn itself, as the column is called in some files."""
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
        link = row.cell("Post link").strip()
        urn = _URN.search(link)
        if urn is None and not row.problems:
            row.problems.append(f"Post link: {shown(link)} has no post's id in it, urn:li:activity:…")
        return Described(
            external_id=urn[0] if urn else "",
            published=row.published(
                "Created date", lambda cell: publication(cell, zone=context.time_zone, read_day=american_day)
            ),
            description=row.cell("Post title"),
            url=link,
            content_type=type_in(row.cell("Content Type"), _TYPES),
        )

    def column(self, name: str) -> Column | None:
        return self.columns.get("Views" if _OWN_VIEWS.fullmatch(name) else name)
