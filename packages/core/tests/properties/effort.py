"""How long to look for a counterexample.

`quick`, the default, and `house` try the same examples every time, 80 or 2,000 of them; session `house` asks
for the latter of what is marked `invariant`. `search` looks for new ones, and for long. By hand:
`HYPOTHESIS_PROFILE=search pytest packages/core/tests/properties`.
"""

import os

from hypothesis import HealthCheck, Phase, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
QUICK = (Phase.explicit, Phase.generate, Phase.shrink)
settings.register_profile(
    "quick",
    max_examples=80,
    derandomize=True,
    deadline=None,
    database=None,
    phases=QUICK,
    suppress_health_check=SLOW,
)
settings.register_profile("house", settings.get_profile("quick"), max_examples=2_000)
settings.register_profile(
    "search", derandomize=False, max_examples=2_000, deadline=None, suppress_health_check=SLOW
)


def effort(share: float = 1.0) -> settings:
    """The settings of one test: its share of the examples of the chosen profile."""
    chosen = os.environ.get("HYPOTHESIS_PROFILE", settings.get_current_profile_name())
    profile = settings.get_profile(chosen if chosen in ("house", "search") else "quick")
    return settings(profile, max_examples=max(1, int(profile.max_examples * share)))
