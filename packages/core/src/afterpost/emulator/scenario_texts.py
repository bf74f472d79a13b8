"""The made-up brands of a scenario and what they say."""

from random import Random

from msgspec import Struct


class Brand(Struct, frozen=True):
    """A made-up brand: its name, its time zone, how many people it usually reaches, its subjects and habits.

    `things` fill the openings; `series` are openings it comes back to.
    """

    name: str
    zone: str
    audience: int
    things: tuple[str, ...]
    series: tuple[str, ...]


BRANDS = (
    Brand(
        "Northlight Coffee",
        "Europe/Berlin",
        9_000,
        ("pour-over", "espresso", "cold brew", "milk foam", "grinder", "light roast", "moka pot"),
        ("One minute in the roastery.", "Ask the barista."),
    ),
    Brand(
        "Tidewater Cycling",
        "Europe/Lisbon",
        5_500,
        ("gravel bike", "chain", "winter ride", "saddle", "tyre pressure", "first century", "bike bag"),
        ("Fixed in five minutes.", "Ride of the week."),
    ),
    Brand(
        "Marlow Kitchen",
        "Europe/London",
        21_000,
        ("weeknight curry", "sourdough", "roast chicken", "dumplings", "pan sauce", "lentil soup", "knife"),
        ("Five ingredients, one pan.", "Dinner in twenty minutes."),
    ),
    Brand(
        "Kestrel Outdoors",
        "America/Denver",
        13_000,
        ("sleeping bag", "ridge hike", "camp stove", "rain jacket", "trail map", "tarp", "trail lunch"),
        ("Packed and weighed.", "Notes from the trail."),
    ),
    Brand(
        "Alder and Pine",
        "Europe/Stockholm",
        3_200,
        ("oak table", "dovetail joint", "hand plane", "wooden bowl", "oil finish", "workbench", "old chair"),
        ("From board to finished piece.", "Shop talk."),
    ),
    Brand(
        "Studio Ferrara",
        "America/New_York",
        7_400,
        ("logo", "poster series", "colour palette", "typeface", "brand guide", "packaging", "first draft"),
        ("Before and after.", "What the client never sees."),
    ),
)
"""In the order a scenario takes them."""

SERIES_SHARE = 0.3
"""How many posts open with one of the brand's recurring openings."""

_OPENINGS: tuple[tuple[float, tuple[str, ...]], ...] = (
    (1.35, ("Why does nobody talk about the {thing}?", "Is your {thing} holding you back?")),
    (1.2, ("Three mistakes everyone makes with the {thing}.", "Five things to know about the {thing}.")),
    (1.1, ("Stop doing this to your {thing}.", "You have been told the wrong thing about the {thing}.")),
    (1.0, ("How we get the {thing} right every time.", "A simple way to a better {thing}.")),
    (0.9, ("We spent a week on one {thing}.", "The story behind our {thing}.")),
    (0.75, ("A look at the {thing}.", "Some news about the {thing}.")),
)
"""Openings and how much they multiply what a post reaches."""

_TITLES = (
    "The {thing}, explained",
    "{Thing}: what really matters",
    "Getting the {thing} right",
    "Our honest take on the {thing}",
    "{Thing} for beginners",
    "The {thing} test",
    "What we changed about the {thing}",
    "{Thing}, start to finish",
)

_BODIES = (
    "We tried it for a month and wrote down what worked.",
    "Watch to the end for the part that surprised us.",
    "Tell us how you do it.",
    "Full notes are on our site.",
    "Thanks to everyone who sent in questions.",
    "Save this for the weekend.",
)


class Words(Struct, frozen=True):
    """What a post says, and how much its opening multiplies what it reaches."""

    title: str
    description: str
    pull: float


def words(rng: Random, brand: Brand) -> Words:
    """Title and description of one post; the description's first sentence is its opening."""
    thing = rng.choice(brand.things)
    if rng.random() < SERIES_SHARE:
        opening = rng.choice(brand.series)
        pull = 1.15 if opening == brand.series[0] else 0.95
    else:
        pull, forms = rng.choice(_OPENINGS)
        opening = rng.choice(forms).format(thing=thing)
    title = rng.choice(_TITLES).format(thing=thing, Thing=thing.capitalize())
    return Words(title, f"{opening} {rng.choice(_BODIES)}", pull)
