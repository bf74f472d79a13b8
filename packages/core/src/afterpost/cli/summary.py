"""What the summaries have in common: the window with what it is worth, earned against before, groups."""

from collections.abc import Sequence

from afterpost.cli.output import print_table, say
from afterpost.cli.words import change, number, percent, share, span
from afterpost.domain.rates import direction
from afterpost.services.caveats import of_earned, of_growth
from afterpost.services.earned import Totals
from afterpost.services.like_for_like import Comparison, Growth
from afterpost.services.overview import Group
from afterpost.services.windows import Meta

ARROWS = {"up": "▲", "down": "▼", "stable": "=", None: ""}


def print_window(meta: Meta) -> None:
    """The window, how much of it is known, and whether its numbers can still change."""
    window, before = meta.window, meta.previous_window
    say(f"{span(window.start_date, window.end_date)} · {window.time_zone}", "bold")
    say(f"Against {span(before.start_date, before.end_date)}.")
    if window.clamped:
        say("The end you asked for is not over yet: complete days end there.")
    coverage = meta.coverage
    if coverage.expected:
        read = f"{coverage.observed:,} of {coverage.expected:,} expected posts were read in it"
        before_it = meta.previous_coverage
        then = f"; in the one before {share(before_it.ratio)}" if before_it.expected else ""
        say(f"{read} ({share(coverage.ratio)}{then}).")
    else:
        say("No post was due to be read in it.")
    if meta.provisional:
        say("Provisional: not every post was read since it ended, so a later reading can still book into it.")
    for each in meta.breaks:
        say(f"From {each.on} on {each.platform} counts {each.metric} otherwise: {each.note}")
    for sentence in of_earned(meta):
        say(sentence)


def print_earned(earned: Totals, previous: Totals, growth: Growth, compared: Comparison | None) -> None:
    """What was earned in the window and in the one before, metric by metric, and what growth compares."""
    rows = []
    for name in Totals.__struct_fields__:
        grown = getattr(growth, name)
        now, then = getattr(earned, name), getattr(previous, name)
        rows.append((name, number(now), number(then), change(grown), ARROWS[direction(grown)]))
    print_table(
        ("earned", "this window", "the one before", "growth", ""),
        rows,
        numbers=("this window", "the one before", "growth"),
    )
    for sentence in of_growth(compared, earned, previous):
        say(sentence)


def print_groups(title: str, groups: Sequence[Group]) -> None:
    """Platforms or content types, most views first."""
    if not groups:
        return
    print_table(
        ("name", "posts", "views", "engagements", "engagement rate"),
        [
            (
                group.name,
                number(group.posts),
                number(group.views),
                number(group.engagements),
                percent(group.engagement_rate),
            )
            for group in groups
        ],
        title=title,
        numbers=("posts", "views", "engagements", "engagement rate"),
    )
