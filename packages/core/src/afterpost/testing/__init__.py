"""For plugin authors' tests: the emulator engine, so that a provider is tried over real HTTP."""

from afterpost.emulator import (
    Dataset,
    Dialect,
    Emulator,
    Fault,
    FaultDial,
    Request,
    Response,
    Tokens,
    World,
    WorldAccount,
    WorldPost,
)
from afterpost.emulator.scenario import Scenario

__all__ = [
    "Dataset",
    "Dialect",
    "Emulator",
    "Fault",
    "FaultDial",
    "Request",
    "Response",
    "Scenario",
    "Tokens",
    "World",
    "WorldAccount",
    "WorldPost",
]
