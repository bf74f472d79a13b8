"""Loading plugins: block, import, verify. What is wrong with a plugin is an error that names it here."""

import inspect
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points, version

import pluggy
from packaging.requirements import InvalidRequirement, Requirement

from afterpost.domain.errors import PluginError
from afterpost.hookspecs import Specs
from afterpost.plugin_files import points_in
from afterpost.plugins import PluginInfo, Plugins
from afterpost.sdk.markers import ENTRY_POINTS, PROJECT
from afterpost.settings import Settings

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def build_plugins(
    settings: Settings,
    builtin: Mapping[str, object],
    *,
    installed: Iterable[EntryPoint] | None = None,
) -> Plugins:
    """Load core's own plugins (`builtin`: name -> object), the installed ones and those of `plugins_dir`.

    A blocked plugin is never imported. Raises PluginError naming plugin, version and cause for whatever
    would go wrong in silence later: an async or unknown hook, an extra argument, a name taken twice, an
    import that fails, a version of Afterpost that the plugin does not support.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Specs)
    info: dict[str, PluginInfo] = {}
    for name, plugin in sorted(builtin.items()):
        info[name] = PluginInfo(name, "afterpost", "built in", "loaded", ())
        _register(manager, info, name, plugin)
    files = points_in(settings.plugins_dir)
    found = [*(entry_points(group=ENTRY_POINTS) if installed is None else installed), *files]
    wanted = []
    # Names first: of two with one name, neither is imported.
    for point in sorted(found, key=lambda p: (p.name, p.value)):
        dist, release = (point.dist.name, point.dist.version) if point.dist else ("unknown", "unknown")
        if point in files:
            dist, release = str(files[point]), "one file"
        _refuse_name(point.name, dist, info)
        blocked = point.name in settings.block or dist in settings.block
        blocked = blocked or (settings.plugins is not None and point.name not in settings.plugins)
        status = "blocked" if blocked else "loaded"
        info[point.name] = PluginInfo(point.name, dist, release, status, ())
        if not blocked:
            wanted.append(point)
    for point in wanted:
        _refuse_version(point, info[point.name])
        _register(manager, info, point.name, _imported(point, info[point.name]))
    return Plugins(manager, info)


def _refuse_name(name: str, dist: str, info: Mapping[str, PluginInfo]) -> None:
    if name in info:
        raise PluginError(
            f"The plugin name {name!r} is claimed by {info[name].dist} and by {dist}; "
            "uninstall one of them or block it with AFTERPOST_BLOCK."
        )
    if not _NAME.fullmatch(name):
        raise PluginError(
            f"{dist} names its plugin {name!r}; a name is lower-case letters, digits, - and _, and begins "
            "with a letter."
        )


def _refuse_version(point: EntryPoint, info: PluginInfo) -> None:
    """A plugin is asked for nothing by a core that its own distribution says it does not support."""
    core = version(PROJECT)
    for line in (point.dist.requires if point.dist else None) or ():
        try:
            needed = Requirement(line)
        except InvalidRequirement:
            continue
        named = re.sub(r"[-_.]+", "-", needed.name).lower() == PROJECT
        if named and not needed.specifier.contains(core, prereleases=True):
            raise PluginError(
                f"{info.label} needs afterpost{needed.specifier}; this is afterpost {core}.",
                hint=f"Install versions that fit, or start without it: AFTERPOST_BLOCK={info.name}",
            )


def _imported(point: EntryPoint, info: PluginInfo) -> object:
    try:
        return point.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may exit while it is imported
        raise PluginError(
            f"{info.label} can't be imported: {type(error).__name__}: {error}",
            hint=f"Mend or uninstall it, or start without it: AFTERPOST_BLOCK={info.name}",
        ) from error


def _register(manager: pluggy.PluginManager, info: dict[str, PluginInfo], name: str, plugin: object) -> None:
    label = info[name].label
    hooks: list[str] = []
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            continue
        hooks.append(attribute)
        if options.get("wrapper") or options.get("hookwrapper"):
            raise PluginError(f"{label} wraps {attribute}; a plugin answers for itself alone.")
        function = inspect.unwrap(getattr(plugin, attribute))
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise PluginError(
                f"{label} implements {attribute} as async; hooks are plain functions that answer with "
                "objects, and the objects have async methods."
            )
    try:
        hash(plugin)  # pluggy keeps plugins in sets, and would stumble over it when it is asked
        manager.register(plugin, name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError, TypeError) as error:
        raise PluginError(
            f"{label} does not fit this version of Afterpost: {error}",
            hint="A hook or argument it uses is not known here; check the versions.",
        ) from error
    info[name] = info[name]._replace(hooks=tuple(sorted(hooks)))
