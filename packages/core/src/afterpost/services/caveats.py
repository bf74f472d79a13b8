"""What has to be known of earned numbers and their growth before they are believed, in sentences."""

from collections.abc import Iterator, Mapping

from afterpost.services.earned import COUNTED, Totals
from afterpost.services.like_for_like import Comparison
from afterpost.services.windows import Meta


def of_earned(meta: Meta) -> Iterator[str]:
    """How much of it is estimated, undated and unknown; of what is told most of: the exposure, if any."""
    if (name := _first(meta.estimated_share)) is not None and (share := meta.estimated_share[name]):
        yield f"{100 * share:.0f} % of the {name} is booked to days without a reading."
    if (name := _first(meta.undated)) is not None:
        late = meta.undated[name]
        yield (
            f"{late.total:,} of the {name} are of no day: {_plural(late.posts, 'post')} first read more than "
            "48 hours after publication."
        )
    if (name := _first(meta.unknown_openings)) is not None:
        posts = meta.unknown_openings[name]
        yield (
            f"Without the first {name} of {_plural(posts, 'post')}: read so late that nobody knows which of "
            "them were earned in the window."
        )


def of_growth(compared: Comparison | None, earned: Totals, previous: Totals) -> Iterator[str]:
    """What growth compares where that is not what stands beside it, and why there is none."""
    if compared is None:
        return
    out = compared.left_out
    parts = [_plural(out.accounts, "account")] if out.accounts else []
    parts += [_plural(out.posts, "post")] if out.posts else []
    since = f", first read by {out.since}" if out.since else ""
    stays = f"{' with '.join(parts)} not read in both windows{since}" if parts else "not all was read in both"
    if compared.missing:
        yield f"No growth of {', '.join(sorted(compared.missing))}: {stays}."
    for name in ("views", "engagements"):
        now, then = getattr(compared.current, name), getattr(compared.previous, name)
        own = getattr(earned, name), getattr(previous, name)
        if None in (now, then) or (now, then) == own:
            continue
        why = f"without {stays}" if parts else f"of the days up to {compared.through}"
        yield f"Growth of {name} compares {now:,} with {then:,}, {why}."


def _first(told: Mapping[str, object]) -> str | None:
    """The exposure, else the first metric of those that something is said of."""
    order = ("views", "impressions", *COUNTED)
    return next((name for name in order if name in told), None)


def _plural(count: int, one: str) -> str:
    return f"{count:,} {one if count == 1 else one + 's'}"
