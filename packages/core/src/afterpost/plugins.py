"""Asking plugins: one typed method per hook, and what a failing one costs.

No caller touches pluggy. Each plugin is asked alone, so that an answer is known by its giver and one that
raises takes nobody else's answer with it.
"""

import inspect
import logging
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, ParamSpec, Protocol, TypeVar

import pluggy

from afterpost.domain.errors import PluginError
from afterpost.hookspecs import CONTAINED, FAILURE, Specs
from afterpost.sdk import (
    CONTRACT_VERSION,
    AccessPolicy,
    BillingReport,
    CollectionSchedule,
    Guard,
    Migrations,
    Observer,
    Panel,
    PluginContext,
    Provider,
    RetentionPolicy,
    TenantPolicy,
    UnitOfWork,
)
from afterpost.settings import Settings

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from click import Group
    from litestar.types import ControllerRouterHandler


log = logging.getLogger("afterpost.plugins")

_anything: type[Any] = object
"""For answers whose type is a library's that this floor does not know."""

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
ContextOf = Callable[[str], PluginContext]
"""The context of a plugin, by its name."""
MOST = 1_000
"""Objects in one plugin's answer; a generator without end must not hang the start."""


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

    @property
    def label(self) -> str:
        """The plugin as errors name it: name, distribution and version."""
        return f"Plugin {self.name} ({self.dist} {self.version})"


class Degraded(NamedTuple):
    """A contribution that was dropped: whose, of which hook, and why, as a sentence."""

    plugin: str
    hook: str
    cause: str


class _Named(Protocol):
    @property
    def id(self) -> str: ...


N = TypeVar("N", bound=_Named)


class Plugins:
    """The loaded plugins of one app. Built by `loading.build_plugins`; nothing is global.

    `degraded` grows while the app is built and asked: see `Degraded`.
    """

    def __init__(self, manager: pluggy.PluginManager, info: Mapping[str, PluginInfo]) -> None:
        self._manager = manager
        self._specs = Specs()
        self.info = info
        self._degraded: dict[tuple[str, str], Degraded] = {}

    @property
    def degraded(self) -> tuple[Degraded, ...]:
        """What was dropped so far, by plugin and hook."""
        return tuple(self._degraded[key] for key in sorted(self._degraded))

    def degrade(self, plugin: str, hook: str, what: str, error: BaseException) -> None:
        """Note that a plugin's contribution was dropped, after what."""
        cause = f"{self.label(plugin)} {what}: {type(error).__name__}: {error}"
        self._degraded[plugin, hook] = Degraded(plugin, hook, cause)
        log.warning("dropped: %s", cause)

    # --- collections ---

    def providers(self, settings: Settings) -> dict[str, Provider]:
        """platform -> provider; a platform two plugins claim is an error naming both."""
        found: dict[str, Answer[Provider]] = {}
        for name in self._names():
            section = MappingProxyType(dict(settings.section(name)))
            for answer in self._ask(self._specs.register_providers, name)(settings=section):
                for provider in self._each(answer, Provider, "register_providers"):
                    platform = self._platform(name, provider)
                    if platform is not None:
                        self._unique(found, platform, Answer(name, provider), "platform")
        return {key: answer.value for key, answer in found.items()}

    def migrations(self) -> dict[str, Migrations]:
        """plugin name -> its Alembic scripts."""
        return self._one_each(self._specs.register_migrations, Migrations)

    def routes(self, context: ContextOf) -> "dict[str, list[ControllerRouterHandler]]":
        """plugin name -> its handlers; what they are is seen when they are mounted."""
        return self._several(self._specs.register_routes, context)

    def commands(self, context: ContextOf) -> "dict[str, Group]":
        """plugin name -> its command group; the command line, which knows groups, looks whether it is one."""
        found: dict[str, Any] = self._one_each(self._specs.register_commands, _anything, context)
        return found

    def panels(self, context: ContextOf) -> dict[str, Panel]:
        """panel id -> panel."""
        return self._collect(self._specs.register_panels, Panel, context)

    def billing_reports(self, context: ContextOf) -> dict[str, BillingReport]:
        """report id -> report."""
        return self._collect(self._specs.register_billing_reports, BillingReport, context)

    def observers(self, context: ContextOf) -> dict[str, Observer]:
        """observer id -> observer."""
        return self._collect(self._specs.register_observers, Observer, context)

    def guards(self, context: ContextOf) -> dict[str, Guard]:
        """guard id -> guard."""
        return self._collect(self._specs.register_guards, Guard, context)

    def units_of_work(self, context: ContextOf) -> dict[str, UnitOfWork]:
        """plugin name -> its part in every transaction."""
        return self._one_each(self._specs.unit_of_work, UnitOfWork, context)

    def lifespans(self, context: ContextOf) -> "dict[str, AbstractAsyncContextManager[object]]":
        """plugin name -> what is entered while the web app serves."""
        found: dict[str, Any] = self._one_each(self._specs.lifespan, _anything, context)
        for name, value in found.items():
            if not (hasattr(value, "__aenter__") and hasattr(value, "__aexit__")):
                raise self._wrong(name, "lifespan", value, "an async context manager")
        return found

    # --- policies ---

    def tenant_policy(self, context: ContextOf, default: TenantPolicy) -> TenantPolicy:
        """The tenant policy in force."""
        return self._policy(self._specs.tenant_policy, TenantPolicy, context, default)

    def access_policy(self, context: ContextOf, default: AccessPolicy) -> AccessPolicy:
        """The access policy in force."""
        return self._policy(self._specs.access_policy, AccessPolicy, context, default)

    def retention_policy(self, context: ContextOf, default: RetentionPolicy) -> RetentionPolicy:
        """The retention policy in force."""
        return self._policy(self._specs.retention_policy, RetentionPolicy, context, default)

    def collection_schedule(self, context: ContextOf, default: CollectionSchedule) -> CollectionSchedule:
        """The schedule in force."""
        return self._policy(self._specs.collection_schedule, CollectionSchedule, context, default)

    # --- asking ---

    def label(self, name: str) -> str:
        """The plugin as errors name it: name, distribution and version."""
        return self.info[name].label

    def _names(self) -> list[str]:
        return sorted(name for name, _ in self._manager.list_name_plugin())

    def _ask(self, spec: Callable[P, R], name: str) -> Callable[P, list[Answer[R]]]:
        """Ask one plugin one hook; an empty list when it has nothing to say, or failed and may."""
        hook = spec.__name__
        others = [plugin for other, plugin in self._manager.list_name_plugin() if other != name]
        caller = self._manager.subset_hook_caller(hook, remove_plugins=others)

        def asked(*args: P.args, **kwargs: P.kwargs) -> list[Answer[R]]:
            if not caller.get_hookimpls():
                return []
            try:
                values = caller(**inspect.signature(spec).bind(*args, **kwargs).arguments)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # a plugin may try to exit
                self._failed(name, hook, error)
                return []
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

    def _failed(self, name: str, hook: str, error: BaseException) -> None:
        """Drop what this plugin would have said, or end the start, as the hook's class says."""
        if FAILURE[hook] not in CONTAINED:
            raise PluginError(
                f"{self.label(name)} failed in {hook}: {type(error).__name__}: {error}",
                hint=f"Start without it: AFTERPOST_BLOCK={name}",
            ) from error
        self.degrade(name, hook, f"failed in {hook}", error)

    def _collect(
        self, spec: Callable[[PluginContext], Iterable[N]], kind: type[N], context: ContextOf
    ) -> dict[str, N]:
        found: dict[str, Answer[N]] = {}
        for name in self._names():
            for answer in self._ask(spec, name)(context(name)):
                for value in self._each(answer, kind, spec.__name__):
                    self._unique(found, self._id(name, spec.__name__, value), Answer(name, value), "id")
        return {key: answer.value for key, answer in found.items()}

    def _several(
        self, spec: Callable[[PluginContext], Iterable[T]], context: ContextOf
    ) -> dict[str, list[T]]:
        found: dict[str, list[T]] = {
            name: self._each(answer, _anything, spec.__name__)
            for name in self._names()
            for answer in self._ask(spec, name)(context(name))
        }
        return {name: values for name, values in found.items() if values}

    def _one_each(
        self, spec: Callable[..., T | None], kind: type[T], context: ContextOf | None = None
    ) -> dict[str, T]:
        given = (lambda name: ()) if context is None else (lambda name: (context(name),))
        return {
            name: self._is(answer, kind, spec.__name__)
            for name in self._names()
            for answer in self._ask(spec, name)(*given(name))
            if answer.value is not None
        }

    def _policy(
        self, spec: Callable[[PluginContext, T], T | None], kind: type[T], context: ContextOf, default: T
    ) -> T:
        answers = [
            answer
            for name in self._names()
            for answer in self._ask(spec, name)(context(name), default)
            if answer.value is not None
        ]
        if len(answers) > 1:
            both = " and ".join(self.label(answer.plugin) for answer in answers)
            raise PluginError(f"{both} both answer {spec.__name__}; block one of them with AFTERPOST_BLOCK.")
        return self._is(answers[0], kind, spec.__name__) if answers else default

    # --- looking at answers ---

    def _each(self, answer: Answer[Any], kind: type[T], hook: str) -> list[T]:
        if isinstance(answer.value, str) or not isinstance(answer.value, Iterable):
            raise self._wrong(answer.plugin, hook, answer.value, f"several {kind.__name__}")
        try:
            values = list(islice(answer.value, MOST + 1))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a generator runs here for the first time
            self._failed(answer.plugin, hook, error)
            return []
        if len(values) > MOST:
            raise PluginError(f"{self.label(answer.plugin)} answered {hook} with more than {MOST:,} objects.")
        return [self._is(Answer(answer.plugin, value), kind, hook) for value in values]

    def _is(self, answer: Answer[Any], kind: type[T], hook: str) -> T:
        if not isinstance(answer.value, kind):
            raise self._wrong(answer.plugin, hook, answer.value, kind.__name__)
        for name, method in vars(kind).items():
            own = getattr(type(answer.value), name, None)
            if inspect.isfunction(method) and _is_async(own) and not _is_async(method):
                raise PluginError(
                    f"{self.label(answer.plugin)} answered {hook} with an async {name}; it is called "
                    "plainly, so nothing would happen."
                )
        return answer.value

    def _wrong(self, name: str, hook: str, value: object, wanted: str) -> PluginError:
        return PluginError(f"{self.label(name)} answered {hook} with {type(value).__name__}, not {wanted}.")

    def _id(self, name: str, hook: str, value: object) -> str:
        key = getattr(value, "id", None)
        if not isinstance(key, str) or not key:
            raise PluginError(
                f"{self.label(name)} answered {hook} with {type(value).__name__}, which has no id; "
                "give it an `id`, a text."
            )
        return key

    def _platform(self, name: str, provider: Provider) -> str | None:
        """The provider's platform; None when it can't even tell that."""
        try:
            platform, contract = provider.capabilities.platform, provider.capabilities.contract_version
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self._failed(name, "register_providers", error)
            return None
        if contract != CONTRACT_VERSION:
            raise PluginError(
                f"{self.label(name)} speaks version {contract} of the provider contract for {platform!r}; "
                f"this Afterpost speaks {CONTRACT_VERSION}."
            )
        return platform

    def _unique(self, found: dict[str, Answer[T]], key: str, answer: Answer[T], what: str) -> None:
        if key in found:
            raise PluginError(
                f"{self.label(found[key].plugin)} and {self.label(answer.plugin)} both register "
                f"{key!r} ({what}); block one of them with AFTERPOST_BLOCK."
            )
        found[key] = answer


def _is_async(method: object) -> bool:
    return inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)
