"""All broken providers: `zoo.<name>` for entry points, and `CASES` with the check that catches each."""

from packages.core.tests.testing import broken_answers, broken_lists, broken_numbers, broken_plugins
from packages.core.tests.testing.keeper import CASES, Case, zoo

__all__ = ["CASES", "Case", "zoo"]

_ALL = (broken_plugins, broken_lists, broken_numbers, broken_answers)
