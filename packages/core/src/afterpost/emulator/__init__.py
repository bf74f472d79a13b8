"""The engine of fake platforms: a real HTTP server, an injected clock, a fault dial, and worlds behind it.

Core ships only the engine; the wire of a platform is a `Dialect` in that platform's own package.
"""

from afterpost.emulator.dataset import Dataset
from afterpost.emulator.dialect import Dialect, Request, Response
from afterpost.emulator.faults import FAULT_KINDS, Fault, FaultDial, FaultKind
from afterpost.emulator.numeric import NumericIds
from afterpost.emulator.scenario import Scenario
from afterpost.emulator.server import Emulator, LoggedRequest
from afterpost.emulator.tokens import RotatingTokens, Tokens
from afterpost.emulator.world import World, WorldAccount, WorldPost

__all__ = [
    "FAULT_KINDS",
    "Dataset",
    "Dialect",
    "Emulator",
    "Fault",
    "FaultDial",
    "FaultKind",
    "LoggedRequest",
    "NumericIds",
    "Request",
    "Response",
    "RotatingTokens",
    "Scenario",
    "Tokens",
    "World",
    "WorldAccount",
    "WorldPost",
]
