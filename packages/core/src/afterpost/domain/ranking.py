"""Rankings list distinct posts in a total order, so that the same facts always give the same list."""

from datetime import datetime

MIN_EXPOSURE = 10
"""A post shown fewer times was not distributed; its rate says nothing and it is listed apart."""


def rank_key(
    value: float, exposed: int, published_at: datetime | None, identity: int
) -> tuple[float, int, float, int]:
    """Sort key (ascending) of the order: greater value, greater exposure, later publication, lower id."""
    published = published_at.timestamp() if published_at else 0.0
    return (-value, -exposed, -published, identity)
