"""Access tokens that end, as an OAuth server issues them."""

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
        return f"{body}.{self._mark(body)}"

    def account(self, token: str, now: datetime) -> WorldAccount | None:
        """Whose token it is at `now`; None when unknown or over. A world's own tokens never end."""
        endless = self._world.account_for_token(token)
        if endless is not None:
            return endless
        body, _, mark = token.rpartition(".")
        if not body.startswith(f"{self._prefix}.") or mark != self._mark(body):
            return None
        _, account_hex, ends = body.rsplit(".", 2)
        if datetime.fromtimestamp(int(ends), UTC) <= now:
            return None
        return self._world.account(bytes.fromhex(account_hex).decode())

    @staticmethod
    def _mark(body: str) -> str:
        return hashlib.sha256(b"afterpost emulator " + body.encode()).hexdigest()[:16]
