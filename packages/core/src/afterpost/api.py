"""For embedders: the app, the installation behind it, and the services that answer.

Everything else in the package is private. Provider authors need `afterpost.sdk` alone.
"""

from afterpost.app import create_app, open_installation
from afterpost.loading import build_plugins
from afterpost.plugins import Plugins
from afterpost.services.core import Core, open_core
from afterpost.services.ingest import Entry, ingest
from afterpost.services.overview import overview
from afterpost.services.post_summary import post_analytics, post_observations
from afterpost.services.sync import sync, sync_status
from afterpost.services.weekly import weekly
from afterpost.settings import Settings, load_settings

__all__ = [
    "Core",
    "Entry",
    "Plugins",
    "Settings",
    "build_plugins",
    "create_app",
    "ingest",
    "load_settings",
    "open_core",
    "open_installation",
    "overview",
    "post_analytics",
    "post_observations",
    "sync",
    "sync_status",
    "weekly",
]
