"""Files that people try to import and that hold no posts: what to export instead.

Asked only where no format fits, so a plugin that reads such a file one day is not in the way of this.
"""

from collections.abc import Sequence
from typing import NamedTuple

from afterpost.builtin.imports.cells import shown
from afterpost.builtin.imports.german_columns import network_in_german
from afterpost.builtin.imports.youtube_columns import DESCRIBING, METRICS

_HINT = (
    "In YouTube Studio open Analytics, Advanced mode, choose the tab Content and the period Lifetime, "
    "export as CSV and import its `Table data.csv`."
)
_STUDIO = frozenset({*METRICS, *DESCRIBING})
_DIMENSIONS = frozenset(
    {
        "Audience by watch behavior",
        "Card",
        "Card type",
        "Cities",
        "Content type",
        "Device type",
        "End screen element",
        "End screen element type",
        "Geography",
        "New and returning viewers",
        "Operating system",
        "Playback location",
        "Player type",
        "Playlist",
        "Post",
        "Sharing service",
        "Subscription source",
        "Subscription status",
        "Subtitles and CC",
        "Traffic source",
        "Translation use",
        "Video info language",
        "Viewer age",
        "Viewer gender",
        "YouTube product",
    }
)


class Refusal(NamedTuple):
    """Why a file can't be imported, and what to do instead."""

    message: str
    hint: str


def why_refused(header: Sequence[str]) -> Refusal | None:
    """The reason for a header that is known and of no use; None for one that is not known at all."""
    names = [name.strip() for name in header if name.strip()]
    first = names[0] if names else ""
    second = names[1] if len(names) > 1 else ""
    dimension = second if first == "Date" and second in _DIMENSIONS else first
    if dimension in _DIMENSIONS:
        return Refusal(
            f"This is YouTube Studio's report by {dimension!r}. Its files have the same names as those of "
            "the report by content, and its lines are no posts.",
            _HINT,
        )
    if first == "Date" and {"Video Views", "Profile Views"} <= set(names):
        return Refusal(
            "This is TikTok Studio's `Overview.csv`: its lines are days of a whole account and no posts.",
            "Import `Content.csv`, from the tab Content.",
        )
    if first == "Date" and "Post id" not in names and {"Impressions", "Profile visits"} <= set(names):
        return Refusal(
            "This is X's overview of an account: its lines are days and no posts.",
            "In X's analytics open the tab Content and export that.",
        )
    if first.startswith("<"):
        return Refusal(
            "The file is a web page and no table: what a browser saves when a download fails.",
            "Download it again while you are signed in there, and look into it before you import it.",
        )
    if names == ["Date", "Primary"]:
        return Refusal(
            "The file has the columns Date and Primary, as Meta Business Suite's files of one metric a day "
            "have: its lines are days of a whole account and no posts.",
            "In Meta Business Suite open Insights, Content, and export the posts with Lifetime.",
        )
    if len(names) == 1:
        return Refusal(
            f"The file has a single column, {shown(first)}, and a table of posts has an id and a number at "
            "least.",
            "Columns are parted by comma, semicolon or tab; docs/import.md says which export holds posts.",
        )
    if network := network_in_german(names):
        return Refusal(
            f"These are columns of {network} in German: {', '.join(shown(name) for name in names[:4])}. They "
            "are named in the language of the page.",
            f"Set {network} to English and export again (docs/import.md).",
        )
    if first == "Date" and len(names) > 1 and set(names) <= _STUDIO:
        return Refusal(
            "Its lines are days of a whole channel and no posts, as in YouTube Studio's `Totals.csv`.", _HINT
        )
    if first == "Content" and len(names) > 1 and set(names) <= _STUDIO:
        return Refusal(
            "This looks like YouTube Studio's `Totals.csv`, which has no posts; a `Table data.csv` has the "
            "column Video title.",
            _HINT,
        )
    return None
