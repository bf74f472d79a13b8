"""pluggy's markers under Afterpost's project name."""

import pluggy

PROJECT = "afterpost"
ENTRY_POINTS = "afterpost.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
