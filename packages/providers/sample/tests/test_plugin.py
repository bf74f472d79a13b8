"""What core sees before any call: a plugin that is found, and a declaration that is true."""

from importlib.metadata import entry_points

from afterpost.emulator import Dialect
from afterpost.sdk import Provider


def test_installing_it_is_all() -> None:
    (found,) = entry_points(group="afterpost.plugins", name="sample")

    (provider,) = found.load().register_providers(settings={})

    assert isinstance(provider, Provider)
    assert provider.capabilities.platform == "sample"


def test_the_declaration_is_what_the_network_speaks(provider: Provider, dialect: Dialect) -> None:
    declared = provider.capabilities

    assert set(declared.hosts) == set(dialect.hosts)
    assert {spec.name: spec.native for spec in declared.metrics} == dialect.native
