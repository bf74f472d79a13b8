"""What a hook is given: narrow on purpose, never the app and never a session."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from afterpost.sdk.report import Reads


class PluginContext(Struct, frozen=True, kw_only=True):
    """A plugin's section of the settings, read-only queries by Scope, the clock, and a logger.

    `reads` is None while only the hooks that come before storage are asked.
    """

    settings: Mapping[str, str]
    clock: Callable[[], datetime]
    log: logging.Logger
    reads: Reads | None = None
