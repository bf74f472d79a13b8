"""Core's own plugin for files: the generic CSV and the exports of the networks' own pages.

Formats come in through the provider's `file_formats`, like those of any other plugin; `export_file`
opens a file with whatever formats are registered.
"""

from collections.abc import Mapping

from afterpost import hookimpl
from afterpost.builtin.imports.provider import ImportsProvider
from afterpost.sdk import Provider


@hookimpl
def register_providers(settings: Mapping[str, str]) -> list[Provider]:
    """One provider, `imports`; it needs no settings."""
    return [ImportsProvider()]
