"""What a hook is given: narrow on purpose, never the app and never a session."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime

from msgspec import Struct

from afterpost.sdk.report import Reads
from afterpost.sdk.transaction import OwnTables


class PluginContext(Struct, frozen=True, kw_only=True):
    """A plugin's section of the settings, the clock, a logger, read-only queries, and its own tables.

    `reads` and `tables` are None for hooks that are asked without a database (`register_commands`).
    """

    settings: Mapping[str, str]
    clock: Callable[[], datetime]
    log: logging.Logger
    reads: Reads | None = None
    tables: OwnTables | None = None
