"""Afterpost: what happened after you posted.

Plugins need one name from here, `hookimpl`; everything a provider author implements is in
`afterpost.sdk`, everything an embedder calls is in `afterpost.api`.
"""

from importlib.metadata import version

from afterpost.sdk.markers import hookimpl

__all__ = ["__version__", "hookimpl"]

__version__ = version("afterpost")
