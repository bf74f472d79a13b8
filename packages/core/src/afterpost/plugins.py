"""Loading plugins and asking them: block, load, verify, ask once, freeze.

No caller touches pluggy: `Plugins` has one typed method per hook. Each plugin is asked alone, so that an
answer is known by its giver and one that raises takes nobody else's answer with it.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar

import pluggy

from afterpost.domain.errors import PluginError
from afterpost.hookspecs import Specs
from afterpost.sdk import (
    AccessPolicy,
    BillingReport,
    CollectionSchedule,
    Migrations,
    Observer,
    PluginContext,
    Provider,
    RetentionPolicy,
    TenantPolicy,
)
from afterpost.sdk.markers import ENTRY_POINTS, PROJECT
from afterpost.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class Answer(NamedTuple, Generic[R]):
    """What one plugin answered."""

    plugin: str
    value: R


class PluginInfo(NamedTuple):
    """A plugin as shown to people. `status`: loaded or blocked; `hooks`: the ones it implements."""

    name: str
    dist: str
    version: str
    status: str
    hooks: tuple[str, ...]


class Plugins:
    """The loaded plugins of one app. Built by `build_plugins`; nothing is global."""

    def __init__(self, manager: pluggy.PluginManager, info: Mapping[str, PluginInfo]) -> None:
        self._manager = manager
        self._specs = Specs()
        self.info = info

    def providers(self, settings: Settings) -> dict[str, Provider]:
        """platform -> provider; a platform two plugins claim is an error naming both."""
        found: dict[str, Answer[Provider]] = {}
        for name in self._names():
            for answer in self._ask(self._specs.register_providers, name)(settings=settings.section(name)):
                for provider in self._each(answer, Provider, "register_providers"):
                    _unique(found, provider.capabilities.platform, Answer(name, provider), "platform", self)
        return {key: answer.value for key, answer in found.items()}

    def migrations(self) -> dict[str, Migrations]:
        """plugin name -> its Alembic scripts."""
        return {
            name: self._is(answer, Migrations, "register_migrations")
            for name in self._names()
            for answer in self._ask(self._specs.register_migrations, name)()
            if answer.value is not None
        }

    def billing_reports(self, context: "Callable[[str], PluginContext]") -> dict[str, BillingReport]:
        """report id -> report."""
        return self._collect(self._specs.register_billing_reports, BillingReport, context)

    def observers(self, context: "Callable[[str], PluginContext]") -> dict[str, Observer]:
        """observer id -> observer."""
        return self._collect(self._specs.register_observers, Observer, context)

    def tenant_policy(self, context: "Callable[[str], PluginContext]", default: TenantPolicy) -> TenantPolicy:
        """The tenant policy in force."""
        return self._policy(self._specs.tenant_policy, TenantPolicy, context, default)

    def access_policy(self, context: "Callable[[str], PluginContext]", default: AccessPolicy) -> AccessPolicy:
        """The access policy in force."""
        return self._policy(self._specs.access_policy, AccessPolicy, context, default)

    def retention_policy(
        self, context: "Callable[[str], PluginContext]", default: RetentionPolicy
    ) -> RetentionPolicy:
        """The retention policy in force."""
        return self._policy(self._specs.retention_policy, RetentionPolicy, context, default)

    def collection_schedule(
        self, context: "Callable[[str], PluginContext]", default: CollectionSchedule
    ) -> CollectionSchedule:
        """The schedule in force."""
        return self._policy(self._specs.collection_schedule, CollectionSchedule, context, default)

    def _names(self) -> list[str]:
        return sorted(name for name, _ in self._manager.list_name_plugin())

    def _ask(self, spec: Callable[P, R], name: str) -> Callable[P, list[Answer[R]]]:
        """Ask one plugin one hook; an empty list when it does not implement it."""
        hook = spec.__name__
        others = [plugin for other, plugin in self._manager.list_name_plugin() if other != name]
        caller = self._manager.subset_hook_caller(hook, remove_plugins=others)

        def asked(*args: P.args, **kwargs: P.kwargs) -> list[Answer[R]]:
            if not caller.get_hookimpls():
                return []
            try:
                values = caller(**inspect.signature(spec).bind(*args, **kwargs).arguments)
            except Exception as error:
                raise PluginError(
                    f"{self.label(name)} failed in {hook}: {type(error).__name__}: {error}"
                ) from error
            for value in values:
                if inspect.isawaitable(value):
                    if inspect.iscoroutine(value):
                        value.close()
                    raise PluginError(
                        f"{self.label(name)} answered {hook} with an awaitable; "
                        "answer with an object that has async methods."
                    )
            return [Answer(name, value) for value in values]

        return asked

    def _collect(
        self,
        spec: Callable[..., Iterable[T]],
        kind: type[T],
        context: "Callable[[str], PluginContext]",
    ) -> dict[str, T]:
        found: dict[str, Answer[T]] = {}
        for name in self._names():
            for answer in self._ask(spec, name)(context=context(name)):
                for value in self._each(answer, kind, spec.__name__):
                    _unique(found, value.id, Answer(name, value), spec.__name__, self)  # type: ignore[attr-defined]
        return {key: answer.value for key, answer in found.items()}

    def _policy(
        self,
        spec: Callable[..., T | None],
        kind: type[T],
        context: "Callable[[str], PluginContext]",
        default: T,
    ) -> T:
        answers = [
            answer
            for name in self._names()
            for answer in self._ask(spec, name)(context=context(name))
            if answer.value is not None
        ]
        if len(answers) > 1:
            both = " and ".join(self.label(answer.plugin) for answer in answers)
            raise PluginError(f"{both} both answer {spec.__name__}; block one of them with AFTERPOST_BLOCK.")
        return self._is(answers[0], kind, spec.__name__) if answers else default

    def _each(self, answer: Answer[Any], kind: type[T], hook: str) -> list[T]:
        try:
            values = list(answer.value)
        except TypeError as error:
            raise PluginError(
                f"{self.label(answer.plugin)} answered {hook} with {type(answer.value).__name__}, "
                f"not with several {kind.__name__}."
            ) from error
        return [self._is(Answer(answer.plugin, value), kind, hook) for value in values]

    def _is(self, answer: Answer[Any], kind: type[T], hook: str) -> T:
        if not isinstance(answer.value, kind):
            raise PluginError(
                f"{self.label(answer.plugin)} answered {hook} with {type(answer.value).__name__}, "
                f"not {kind.__name__}."
            )
        return answer.value

    def label(self, name: str) -> str:
        """The plugin as errors name it: name, distribution and version."""
        info = self.info[name]
        return f"Plugin {name} ({info.dist} {info.version})"


def _unique(found: dict[str, Answer[T]], key: str, answer: Answer[T], what: str, plugins: Plugins) -> None:
    if key in found:
        raise PluginError(
            f"{plugins.label(found[key].plugin)} and {plugins.label(answer.plugin)} both register "
            f"{key!r} ({what}); block one of them with AFTERPOST_BLOCK."
        )
    found[key] = answer


def build_plugins(
    settings: Settings,
    builtin: Mapping[str, object],
    *,
    installed: Iterable[EntryPoint] | None = None,
) -> Plugins:
    """Load core's own plugins (`builtin`: name -> object) and the installed ones, sorted by name.

    A blocked plugin is never imported. Raises PluginError naming plugin, version and cause for whatever
    would go wrong in silence later: an async or unknown hook, an extra argument, a name taken twice, an
    import that fails.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Specs)
    info: dict[str, PluginInfo] = {}
    for name, plugin in sorted(builtin.items()):
        info[name] = PluginInfo(name, "afterpost", "built in", "loaded", ())
        _register(manager, info, name, plugin)
    found = entry_points(group=ENTRY_POINTS) if installed is None else installed
    for point in sorted(found, key=lambda p: (p.name, p.value)):
        dist, version = (point.dist.name, point.dist.version) if point.dist else ("unknown", "unknown")
        if point.name in info:
            raise PluginError(
                f"The plugin name {point.name!r} is claimed by {info[point.name].dist} and by {dist}; "
                "uninstall one of them or block it with AFTERPOST_BLOCK."
            )
        blocked = point.name in settings.block or dist in settings.block
        wanted = settings.plugins is None or point.name in settings.plugins
        info[point.name] = PluginInfo(point.name, dist, version, "loaded", ())
        if blocked or not wanted:
            info[point.name] = info[point.name]._replace(status="blocked")
            continue
        try:
            loaded = point.load()
        except Exception as error:
            raise PluginError(
                f"Plugin {point.name} ({dist} {version}) can't be imported: {type(error).__name__}: {error}",
                hint=f"Mend or uninstall it, or start without it: AFTERPOST_BLOCK={point.name}",
            ) from error
        _register(manager, info, point.name, loaded)
    return Plugins(manager, info)


def _register(manager: pluggy.PluginManager, info: dict[str, PluginInfo], name: str, plugin: object) -> None:
    label = f"Plugin {name} ({info[name].dist} {info[name].version})"
    hooks: list[str] = []
    for attribute in dir(plugin):
        if manager.parse_hookimpl_opts(plugin, attribute) is None:
            continue
        hooks.append(attribute)
        function = inspect.unwrap(getattr(plugin, attribute))
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise PluginError(
                f"{label} implements {attribute} as async; hooks are plain functions that answer with "
                "objects, and the objects have async methods."
            )
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except (pluggy.PluginValidationError, ValueError) as error:
        raise PluginError(
            f"{label} does not fit this version of Afterpost: {error}",
            hint="A hook or argument it uses is not known here; check the versions.",
        ) from error
    info[name] = info[name]._replace(hooks=tuple(sorted(hooks)))
