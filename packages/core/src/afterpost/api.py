"""For embedders and larger plugins: the app, the installation behind it, the services, and the doors.

Everything else in the package is private. Provider authors need `afterpost.sdk` alone.
"""

from afterpost.app import create_app, open_installation
from afterpost.cli.options import json_option
from afterpost.cli.output import print_json, print_table, say
from afterpost.cli.session import Session, opened
from afterpost.cli.wiring import Wiring
from afterpost.domain.errors import Conflict, InvalidInput, Misconfigured, NotFound
from afterpost.http.errors import problems
from afterpost.http.scope import Call
from afterpost.http.views import NoMeta
from afterpost.loading import build_plugins
from afterpost.plugins import Plugins
from afterpost.services.catalogue import add_organization, list_organizations
from afterpost.services.core import Core, open_core
from afterpost.services.ingest import Entry, ingest
from afterpost.services.overview import overview
from afterpost.services.post_summary import post_analytics, post_observations
from afterpost.services.sync import sync, sync_status
from afterpost.services.weekly import weekly
from afterpost.settings import Settings, load_settings
from afterpost.storage.organizations import Organization

__all__ = [
    "Call",
    "Conflict",
    "Core",
    "Entry",
    "InvalidInput",
    "Misconfigured",
    "NoMeta",
    "NotFound",
    "Organization",
    "Plugins",
    "Session",
    "Settings",
    "Wiring",
    "add_organization",
    "build_plugins",
    "create_app",
    "ingest",
    "json_option",
    "list_organizations",
    "load_settings",
    "open_core",
    "open_installation",
    "opened",
    "overview",
    "post_analytics",
    "post_observations",
    "print_json",
    "print_table",
    "problems",
    "say",
    "sync",
    "sync_status",
    "weekly",
]
