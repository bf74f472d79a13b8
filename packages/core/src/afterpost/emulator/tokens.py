"""Access tokens that end and refresh tokens that rotate, as an OAuth server issues them."""

import hashlib
from datetime import UTC, datetime, timedelta

from afterpost.emulator.world import World, WorldAccount


class Tokens:
    """Issues and recognises access tokens for the accounts of a world.

    Keeps no state: a token carries its account and its end, and a mark that only this class makes, so a
    restarted emulator still knows the tokens of the one before. It is a fake, not a security device.
    """

    def __init__(
        self, world: World, *, lifetime: timedelta = timedelta(hours=1), prefix: str = "issued"
    ) -> None:
        self.lifetime = lifetime
        self._world = world
        self._prefix = prefix

    def issue(self, account: WorldAccount, now: datetime) -> str:
        """A new access token for the account that ends one `lifetime` after `now`."""
        ends = int((now + self.lifetime).timestamp())
        body = f"{self._prefix}.{account.id.encode().hex()}.{ends}"
        return f"{body}.{_mark(body)}"

    def account(self, token: str, now: datetime) -> WorldAccount | None:
        """Whose token it is at `now`; None when unknown or over. A world's own tokens never end."""
        endless = self._world.account_for_token(token)
        if endless is not None:
            return endless
        body, _, mark = token.rpartition(".")
        if not body.startswith(f"{self._prefix}.") or mark != _mark(body):
            return None
        _, account_hex, ends = body.rsplit(".", 2)
        if datetime.fromtimestamp(int(ends), UTC) <= now:
            return None
        return self._world.account(bytes.fromhex(account_hex).decode())


class RotatingTokens:
    """Refresh tokens of which each works once: exchanging one gives the next, and all before it are dead.

    The first of an account is the world's. The next ones carry a number, so that a restarted emulator, which
    has forgotten which are dead, still knows a living one.
    """

    def __init__(self, world: World, *, prefix: str = "rotating") -> None:
        self._world = world
        self._prefix = prefix
        self._spent: dict[str, int] = {}

    def account(self, token: str) -> WorldAccount | None:
        """Whose token it is; None when it is unknown or dead."""
        account, number = self._read(token)
        return account if account is not None and number >= self._spent.get(account.id, 0) else None

    def rotate(self, token: str) -> str:
        """The token that takes the place of a living one, which dies of it; ValueError for a dead one."""
        account, number = self._read(token)
        if account is None or number < self._spent.get(account.id, 0):
            raise ValueError("This refresh token is dead.")
        self._spent[account.id] = number + 1
        body = f"{self._prefix}.{account.id.encode().hex()}.{number + 1}"
        return f"{body}.{_mark(body)}"

    def _read(self, token: str) -> tuple[WorldAccount | None, int]:
        first = self._world.account_for_refresh_token(token)
        if first is not None:
            return first, 0
        body, _, mark = token.rpartition(".")
        if not body.startswith(f"{self._prefix}.") or mark != _mark(body):
            return None, 0
        _, account_hex, number = body.rsplit(".", 2)
        return self._world.account(bytes.fromhex(account_hex).decode()), int(number)


def _mark(body: str) -> str:
    return hashlib.sha256(b"afterpost emulator " + body.encode()).hexdigest()[:16]
