"""How long to look for a counterexample.

`quick`, the default, tries the same examples every time. `house` looks for new ones, and for long; session
`house` does it for what is marked `invariant`. By hand: `HYPOTHESIS_PROFILE=house`, or
`pytest packages/core/tests/properties --hypothesis-profile=house`.
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
settings.register_profile("house", max_examples=2_000, deadline=None, suppress_health_check=SLOW)


def effort(share: float = 1.0) -> settings:
    """The settings of one test: its share of the examples of the chosen profile."""
    chosen = os.environ.get("HYPOTHESIS_PROFILE", settings.get_current_profile_name())
    profile = settings.get_profile("house" if chosen == "house" else "quick")
    return settings(profile, max_examples=max(1, int(profile.max_examples * share)))
