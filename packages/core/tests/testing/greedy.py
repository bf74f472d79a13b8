"""A plugin that needs a distribution which its own does not name."""

import pytest

from packages.core.tests.testing.sound import Plugin, Sound

plugin = Plugin(Sound)
needs = pytest.__version__
