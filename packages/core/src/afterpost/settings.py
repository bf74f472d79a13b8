"""Settings: one frozen struct, read from the environment and `afterpost.toml` in the data directory.

The environment wins over the file. docs/settings.md lists every field; a test holds the two together.
"""

import base64
import binascii
import os
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from afterpost.domain.errors import InvalidInput, Misconfigured
from afterpost.domain.windows import zone_of

PREFIX = "AFTERPOST_"
FILE = "afterpost.toml"
KEY = "secret_key"
OLD_KEYS = "old_secret_keys"
"""Files in the data directory."""
KEY_BYTES = 32
MIN_API_KEY = 16
ACCEPTABLE = frozenset({"foreign_row_security", "several_organizations"})


class Settings(Struct, frozen=True, kw_only=True):
    """How this installation runs. Each field is `AFTERPOST_<FIELD>` in the environment."""

    data_dir: Path
    """Where the database and the two keys are kept. Default: `~/.afterpost`."""
    database_url: str
    """`sqlite:////absolute/path` or `postgresql://user:password@host/database` (needs the extra `postgres`).
    Default: `afterpost.db` in the data directory."""
    time_zone: str = "UTC"
    """IANA zone that days are cut in; fixed once the first snapshot is stored."""
    api_key: str
    """The key every API request carries as `Authorization: Bearer`. Made and kept in the data directory
    when not given; at least 16 characters."""
    secret_key: str
    """32 bytes in base64 that seal the credentials. Made and kept in the data directory when not given."""
    old_secret_keys: tuple[str, ...] = ()
    """Keys that credentials may still be sealed with, comma-separated; `afterpost keys rotate` moves them to
    the one in force. Kept in the data directory when not given."""
    host: str = "127.0.0.1"
    """Address `serve` listens on."""
    port: int = 8480
    """Port `serve` listens on."""
    public_url: str | None = None
    """Where browsers reach this installation, for sign-ins to come back to. Default: host and port."""
    collect: bool = True
    """Whether `serve` reads due posts by itself (`on` or `off`)."""
    monthly_dollars: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    """What all platforms that bill calls may cost together in a month (UTC), in US dollars. A call beyond it
    waits for the next month. Default: no cap."""
    archive: bool = True
    """Whether the raw answers and files that readings are made of are kept (`on` or `off`)."""
    archive_days: int = 400
    """Days after its last use that a raw payload is kept; fewer where a platform's terms ask for it."""
    archive_mb: int = 2048
    """Megabytes of packed payloads kept per organisation and platform, the youngest first."""
    plugins: tuple[str, ...] | None = None
    """Only these plugins are loaded, by entry-point name, comma-separated; `off` loads none. Default: all."""
    plugins_dir: Path | None = None
    """A folder of plugins of one file: each *.py in it is loaded as the plugin of its name. Default: none."""
    block: tuple[str, ...] = ()
    """These plugins are never imported, by entry-point or distribution name, comma-separated."""
    accept: tuple[str, ...] = ()
    """Databases to start on all the same, comma-separated: `foreign_row_security` (PostgreSQL tables with row
    security that no loaded plugin declares), `several_organizations` (everyone with the key sees all)."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    sections: Mapping[str, Mapping[str, str]] = {}
    """Settings of plugins: `[plugins.<name>]` in the file, `AFTERPOST_PLUGIN_<NAME>__<KEY>` in the
    environment."""

    def __repr__(self) -> str:
        """Without keys and the database's password: a setting that is printed must not give them away."""
        shown = [
            f
            for f in self.__struct_fields__
            if f not in {"api_key", "secret_key", "old_secret_keys", "database_url", "sections"}
        ]
        return f"Settings({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def section(self, plugin: str) -> Mapping[str, str]:
        """The plugin's own settings."""
        return self.sections.get(plugin, {})

    def sealing_key(self) -> bytes:
        """The 32 bytes of `secret_key`."""
        return base64.b64decode(self.secret_key)

    def old_sealing_keys(self) -> list[bytes]:
        """The 32 bytes of each of `old_secret_keys`."""
        return [base64.b64decode(key) for key in self.old_secret_keys]


def load_settings(environ: Mapping[str, str] | None = None, *, make: bool = True) -> Settings:
    """Read the settings; makes the data directory and the keys where they are missing.

    Without `make` nothing is written, and a key that is missing is one that nobody keeps.
    Raises Misconfigured, naming the setting, for a value that can't be used.
    """
    env = os.environ if environ is None else environ
    data_dir = Path(env.get(f"{PREFIX}DATA_DIR") or Path.home() / ".afterpost").expanduser().absolute()
    try:
        if make:
            data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            f"The data directory {data_dir} can't be made: {error.strerror}.",
            hint="Set AFTERPOST_DATA_DIR to a directory this user may write.",
        ) from error
    raw = _from_file(data_dir / FILE)
    sections: dict[str, dict[str, str]] = (
        raw.pop("plugins", {}) if isinstance(raw.get("plugins"), dict) else {}
    )
    if "load" in raw:
        raw["plugins"] = raw.pop("load")
    raw.update(_from_env(env, sections))
    raw["data_dir"] = data_dir
    raw["sections"] = sections
    raw.setdefault("database_url", f"sqlite:///{data_dir / 'afterpost.db'}")
    sealing = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    for name, made in (("api_key", secrets.token_urlsafe(32)), ("secret_key", sealing)):
        if name not in raw:
            raw[name] = _kept(data_dir / name, made) if make else made
    old = data_dir / OLD_KEYS
    if "old_secret_keys" not in raw and old.exists():
        raw["old_secret_keys"] = old.read_text(encoding="ascii").split()
    return _checked(raw)


def _from_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} can't be read: {error}.", hint="It must be a TOML file.") from error


def _from_env(env: Mapping[str, str], sections: dict[str, dict[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in env.items():
        if name.startswith(f"{PREFIX}PLUGIN_"):
            plugin, _, key = name.removeprefix(f"{PREFIX}PLUGIN_").lower().partition("__")
            if key:
                sections.setdefault(plugin, {})[key] = value
        elif name.startswith(f"{PREFIX}CONNECT_"):
            continue  # what `connect` reads: a credential, no setting
        elif name.startswith(PREFIX) and name != f"{PREFIX}DATA_DIR" and value != "":
            found[name.removeprefix(PREFIX).lower()] = value
    return found


def _checked(raw: dict[str, Any]) -> Settings:
    known = set(Settings.__struct_fields__)
    for name in sorted(set(raw) - known):
        raise Misconfigured(
            f"There is no setting {PREFIX}{name.upper()}.", hint="docs/settings.md lists all of them."
        )
    for name in ("plugins", "block", "accept", "old_secret_keys"):
        if isinstance(raw.get(name), str):
            raw[name] = [part.strip() for part in raw[name].split(",") if part.strip()]
    if isinstance(raw.get("plugins_dir"), str):
        raw["plugins_dir"] = Path(raw["plugins_dir"]).expanduser().absolute()
    if raw.get("plugins") == ["off"]:
        raw["plugins"] = []
    for name in ("collect", "archive"):
        if isinstance(raw.get(name), str):
            if raw[name].lower() not in {"on", "off"}:
                raise Misconfigured(f"{PREFIX}{name.upper()} is {raw[name]!r}; it must be on or off.")
            raw[name] = raw[name].lower() == "on"
    try:
        settings = msgspec.convert(raw, Settings, strict=False, dec_hook=lambda kind, value: kind(value))
        zone_of(settings.time_zone)
    except (msgspec.ValidationError, InvalidInput) as error:
        raise Misconfigured(f"A setting can't be used: {error}", hint="See docs/settings.md.") from error
    for name, keys in (("SECRET_KEY", [settings.secret_key]), ("OLD_SECRET_KEYS", settings.old_secret_keys)):
        if not all(_is_key(key) for key in keys):
            raise Misconfigured(f"{PREFIX}{name} must be {KEY_BYTES} bytes in base64.")
    if len(settings.api_key) < MIN_API_KEY:
        raise Misconfigured(
            f"{PREFIX}API_KEY has {len(settings.api_key)} characters; it must have at least {MIN_API_KEY}.",
            hint="Leave it out to have one made.",
        )
    if unknown := set(settings.accept) - ACCEPTABLE:
        raise Misconfigured(
            f"{PREFIX}ACCEPT names {sorted(unknown)[0]!r}; it may name {' and '.join(sorted(ACCEPTABLE))}."
        )
    if settings.log_level.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise Misconfigured(
            f"{PREFIX}LOG_LEVEL is {settings.log_level!r}; use DEBUG, INFO, WARNING or ERROR."
        )
    for name, most in (("archive_days", 36_500), ("archive_mb", 10**9)):
        if not 1 <= getattr(settings, name) <= most:
            raise Misconfigured(
                f"{PREFIX}{name.upper()} is {getattr(settings, name)}; it must be between 1 and {most}.",
                hint=f"{PREFIX}ARCHIVE=off keeps nothing.",
            )
    if not 0 <= settings.port <= 65_535:
        raise Misconfigured(f"{PREFIX}PORT is {settings.port}; it must be between 0 and 65535.")
    return settings


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except binascii.Error:
        return False


def new_key_in(settings: Settings) -> Settings:
    """The settings with a new sealing key, kept in the data directory in the place of the one before.

    That one is added to the old ones first: whatever a crash leaves, every credential opens. Raises
    Misconfigured where the key is not kept in the data directory.
    """
    path, old = settings.data_dir / KEY, settings.data_dir / OLD_KEYS
    if not path.exists() or path.read_text(encoding="ascii").strip() != settings.secret_key:
        raise Misconfigured(
            f"The sealing key is set by {PREFIX}SECRET_KEY and not kept in {path}.",
            hint=f"Set {PREFIX}SECRET_KEY to a new key and {PREFIX}OLD_SECRET_KEYS to the old one, then run "
            "`afterpost keys rotate` again.",
        )
    made = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    keys = (*settings.old_secret_keys, settings.secret_key)
    _replace(old, "".join(f"{key}\n" for key in keys))
    _replace(path, f"{made}\n")
    return msgspec.structs.replace(settings, secret_key=made, old_secret_keys=keys)


def _replace(path: Path, text: str) -> None:
    """Write a file for this user alone; it is the old one or the new one, never half."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _kept(path: Path, made: str) -> str:
    """The secret in the file, or a new one written there for this user alone.

    The file appears whole or not at all, and of two processes starting at once one wins.
    """
    try:
        kept = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(made + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        kept = path.read_text(encoding="ascii").strip()
    if not kept:
        raise Misconfigured(f"{path} is empty.", hint="Delete it to have a new key made.")
    return kept
