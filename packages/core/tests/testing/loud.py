"""A plugin that does something by being imported: it opens a port."""

import socket

from packages.core.tests.testing.sound import Plugin, Sound

with socket.socket() as _port:
    _port.bind(("127.0.0.1", 0))

plugin = Plugin(Sound)
