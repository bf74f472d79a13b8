"""Which days of a window may be compared: those whose counters are past the latency of every platform in it.

A day that a platform has told a part of only would stand as a fall beside one that it has told in full.
"""

from afterpost.domain.errors import InvalidWindow
from afterpost.domain.windows import Window
from afterpost.services.meanings import complete_through, declared
from afterpost.services.question import Asked


def complete_part(asked: Asked) -> Window | None:
    """The window up to the last day that is complete on every platform it is about; None where none is."""
    window, known = asked.window, complete_through(asked, declared(asked))
    through = min(known.values(), default=window.end)
    if through >= window.end:
        return window
    return None if through < window.start else Window(window.start, through, window.zone, clamped=True)


def of_complete_days(asked: Asked) -> Asked:
    """The question about the complete part of its window; InvalidWindow where no day of it is complete."""
    part = complete_part(asked)
    if part is None:
        known = complete_through(asked, declared(asked))
        platform, through = min(known.items(), key=lambda each: (each[1], each[0]))
        raise InvalidWindow(
            f"No day from {asked.window.start} on can be compared: the complete days of {platform} "
            f"end {through}.",
            hint="Give an earlier start_date, or one platform whose days are complete sooner.",
        )
    return asked._replace(window=part)
