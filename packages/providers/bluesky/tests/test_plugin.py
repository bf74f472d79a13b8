"""The package as a plugin: found by its entry point, harmless to import."""

import subprocess
import sys
from importlib.metadata import entry_points

import pluggy

from afterpost import hookspecs
from afterpost_bluesky import Bluesky
from packages.providers.bluesky.tests.shelf import Shelf


def test_the_entry_point_leads_here_and_the_hook_fits() -> None:
    (found,) = entry_points(group="afterpost.plugins", name="bluesky")
    manager = pluggy.PluginManager("afterpost")
    manager.add_hookspecs(hookspecs.Specs)
    manager.register(found.load(), found.name)
    manager.check_pending()
    (providers,) = manager.hook.register_providers(settings={})
    assert [type(one) for one in providers] == [Bluesky]
    assert [one.capabilities.platform for one in providers] == ["bluesky"]


def test_it_brings_its_own_wire_for_demos_and_replays() -> None:
    provider, world = Bluesky(), Shelf(3)
    dialect = provider.emulate(world)
    assert dialect.world is world
    assert set(dialect.hosts) == set(provider.capabilities.hosts)
    asked_for = {field.name for field in provider.credential_fields}
    assert dialect.credential(world.accounts()[0]).keys() <= asked_for


def test_importing_it_opens_nothing() -> None:
    script = """
import sys

def watch(event, arguments):
    writes = event == "open" and "w" in str(arguments[1])
    if writes or event.startswith(("socket.", "subprocess.", "os.system")):
        raise SystemExit(f"{event} {arguments}")

sys.addaudithook(watch)
import afterpost_bluesky
assert "afterpost.emulator" not in sys.modules and "uvicorn" not in sys.modules
"""
    command = [sys.executable, "-W", "error", "-B", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
