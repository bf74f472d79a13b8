"""The conformance kit: what every provider is held to, run against an installed plugin, offline.

Each module holds one group of checks; docs/conformance.md lists them all.
"""

from afterpost.testing.conformance import (
    behaviour,
    credentials,
    daily,
    declaration,
    errors,
    listing,
    metrics,
    packaging,
    posts,
    values,
)
from afterpost.testing.conformance.certificate import Certificate, LeftOut, Result
from afterpost.testing.conformance.check import CHECKS, Check
from afterpost.testing.conformance.kit import Excuses, Kit, excuses_in, run

__all__ = [
    "CHECKS",
    "Certificate",
    "Check",
    "Excuses",
    "Kit",
    "LeftOut",
    "Result",
    "excuses_in",
    "run",
]

_GROUPS = (packaging, declaration, credentials, listing, metrics, values, posts, daily, errors, behaviour)
