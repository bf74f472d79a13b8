"""`afterpost ee …`: for whoever operates the installation, from its own command line."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import rich_click as click
import sqlalchemy as sa
from msgspec import Struct

from afterpost.api import (
    Conflict,
    NotFound,
    Organization,
    Session,
    Wiring,
    add_organization,
    json_option,
    list_organizations,
    opened,
    print_json,
    print_table,
    say,
)
from afterpost.sdk import Scope, Transaction
from afterpost_ee import audit as audit_trail
from afterpost_ee import keys, quota, row_security
from afterpost_ee.keys import Key
from afterpost_ee.quota import Usage

EVERYTHING = Scope.default()
"""These commands are about the installation, not about one organisation."""

_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def _name(_: click.Context, __: click.Parameter, value: str) -> str:
    """A name for people; the terminal may hand over bytes that are no text."""
    if not 1 <= len(value.strip()) <= 200 or _UNFIT.search(value):
        raise click.BadParameter("a name is 1 to 200 characters on one line.")
    return value.strip()


def _slug(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A name for commands, as core makes them."""
    if value is not None and not _SLUG.fullmatch(value):
        raise click.BadParameter("a slug is up to 63 lower-case letters, digits, - and _.")
    return value


class MadeKey(Struct, frozen=True):
    """A new key; `token` is shown this once."""

    id: int
    organization: str
    name: str
    token: str


class Detached(Struct, frozen=True):
    """What detaching did, or would do: the statements, and whether they were run."""

    done: bool
    statements: tuple[str, ...]
    organizations: int


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def ee() -> None:
    """Several organisations: keys, quotas, audit."""


@contextmanager
def _writing(wiring: Wiring) -> Iterator[tuple[Session, Transaction]]:
    with opened(wiring, "manage") as session, session.core.transaction(EVERYTHING, session.actor) as tx:
        yield session, tx


def _by_slug(session: Session, slug: str) -> Organization:
    found = list_organizations(session.core, EVERYTHING)
    for each in found:
        if each.slug == slug:
            return each
    known = ", ".join(each.slug for each in found)
    raise NotFound(f"There is no organisation {slug!r}.", hint=f"There are: {known}.")


# --- organisations ---


@ee.group("organization")
def organizations() -> None:
    """Organisations."""


@organizations.command("add")
@click.argument("name", callback=_name)
@click.option("--slug", callback=_slug, help="Its short name in commands. Default: made from the name.")
@json_option
@click.pass_obj
def add(wiring: Wiring, name: str, slug: str | None, as_json: bool) -> None:
    """Make an organisation called NAME."""
    with opened(wiring, "manage") as session:
        if session.core.database.backend != "postgresql":
            raise Conflict(
                "This database has no row security, so it holds one organisation.",
                hint="Use PostgreSQL: AFTERPOST_DATABASE_URL=postgresql://user@host/database",
            )
        made = add_organization(session.core, EVERYTHING, session.actor, name, slug)
    if as_json:
        print_json(made)
        return
    say(f"✔ {made.name} ({made.slug}). Next: afterpost ee key add --organization {made.slug} NAME")


@organizations.command("list")
@json_option
@click.pass_obj
def list_(wiring: Wiring, as_json: bool) -> None:
    """List the organisations."""
    with opened(wiring, "manage") as session:
        found = list_organizations(session.core, EVERYTHING)
    if as_json:
        print_json(found)
        return
    print_table(("id", "slug", "name", "zone"), [(str(o.id), o.slug, o.name, o.time_zone) for o in found])


# --- keys ---


@ee.group("key")
def key_group() -> None:
    """Keys, each of which opens one organisation."""


@key_group.command("add")
@click.argument("name", callback=_name)
@click.option("--organization", "slug", required=True, metavar="SLUG", help="What the key opens.")
@json_option
@click.pass_obj
def add_key(wiring: Wiring, name: str, slug: str, as_json: bool) -> None:
    """Make a key called NAME and show it, once."""
    with opened(wiring, "manage") as session:
        organization = _by_slug(session, slug)
        with session.core.transaction(EVERYTHING, session.actor) as tx:
            key, token = keys.add(tx.connection, organization.id, name, tx.now)
            audit_trail.note(tx, organization.id, "ee_key_added.v1", key=key.id, name=key.name)
    if as_json:
        print_json(MadeKey(key.id, slug, key.name, token))
        return
    say(f"✔ Key {key.id} of {slug}; keep it now, it is not shown again:")
    say(token)


@key_group.command("list")
@json_option
@click.pass_obj
def list_keys(wiring: Wiring, as_json: bool) -> None:
    """List the keys, never their tokens."""
    with opened(wiring, "manage") as session:
        with session.core.read(EVERYTHING) as connection:
            found = keys.listed(connection)
        names = {each.id: each.slug for each in list_organizations(session.core, EVERYTHING)}
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "organisation", "name", "made", "revoked"),
        [_key_row(key, names) for key in found],
    )


def _key_row(key: Key, names: dict[int, str]) -> tuple[str, ...]:
    revoked = "–" if key.revoked_at is None else key.revoked_at[:16]
    return str(key.id), names.get(key.organization_id, "–"), key.name, key.created_at[:16], revoked


@key_group.command("revoke")
@click.argument("key_id", type=click.IntRange(1, 2**31 - 1), metavar="ID")
@click.pass_obj
def revoke_key(wiring: Wiring, key_id: int) -> None:
    """Close the key ID for good, from the next request on."""
    with _writing(wiring) as (_, tx):
        key = keys.revoke(tx.connection, key_id, tx.now)
        if key is not None:
            audit_trail.note(tx, key.organization_id, "ee_key_revoked.v1", key=key.id)
    if key is None:
        raise NotFound(f"There is no key {key_id}.", hint="afterpost ee key list shows them.")
    say(f"✔ Key {key.id} ({key.name}) opens nothing any more.")


# --- quotas and audit ---


@ee.group("quota")
def quota_group() -> None:
    """How many posts a month an organisation may read or import."""


@quota_group.command("set")
@click.argument("slug")
@click.argument("posts", type=click.IntRange(0, 10**15))
@click.pass_obj
def set_quota(wiring: Wiring, slug: str, posts: int) -> None:
    """Allow the organisation SLUG so many POSTS a month."""
    with opened(wiring, "manage") as session:
        organization = _by_slug(session, slug)
        with session.core.transaction(EVERYTHING, session.actor) as tx:
            quota.set_quota(tx.connection, organization.id, posts)
            audit_trail.note(tx, organization.id, "ee_quota_set.v1", posts_per_month=posts)
    say(f"✔ {slug} may read and import {posts:,} posts a month.")


@quota_group.command("list")
@json_option
@click.pass_obj
def list_quotas(wiring: Wiring, as_json: bool) -> None:
    """List what each organisation used this month (UTC), and its quota."""
    with opened(wiring, "manage") as session:
        with session.core.read(EVERYTHING) as connection:
            found = quota.usage_of(connection, EVERYTHING, quota.month_of(session.core.now()))
        names = {each.id: each.slug for each in list_organizations(session.core, EVERYTHING)}
    if as_json:
        print_json(found)
        return
    print_table(("organisation", "month", "used", "of"), [_shown(each, names) for each in found])


def _shown(each: Usage, names: dict[int, str]) -> tuple[str, str, str, str]:
    limit = "no limit" if each.posts_per_month is None else f"{each.posts_per_month:,}"
    return names.get(each.organization_id, "–"), each.month, f"{each.used:,}", limit


@ee.command()
@click.option(
    "--limit", type=click.IntRange(1, audit_trail.MOST), default=50, show_default=True, help="Rows."
)
@json_option
@click.pass_obj
def audit(wiring: Wiring, limit: int, as_json: bool) -> None:
    """Show what was committed, newest first, and by whom."""
    with opened(wiring, "manage") as session:
        with session.core.read(EVERYTHING) as connection:
            found = audit_trail.newest(connection, EVERYTHING, limit)
        names = {each.id: each.slug for each in list_organizations(session.core, EVERYTHING)}
    if as_json:
        print_json(found)
        return
    print_table(
        ("at", "organisation", "actor", "fact", "what"),
        [
            (e.at[:19], names.get(e.organization_id, "–"), e.actor, e.fact, bytes(e.body).decode())
            for e in found
        ],
    )


# --- leaving ---


@ee.command()
@click.option("--yes", is_flag=True, help="Do it; without, only say what would be done.")
@json_option
@click.pass_obj
def detach(wiring: Wiring, yes: bool, as_json: bool) -> None:
    """Take the row security off core's tables, before this package is removed.

    The tables of this package stay, with what they hold. The next start with it attaches again.
    """
    with _writing(wiring) as (session, tx):
        secured = row_security.there(tx)
        statements = (*row_security.DETACH, row_security.FORGET) if secured else ()
        if yes:
            for statement in statements:
                tx.connection.execute(sa.text(statement))
        count = len(list_organizations(session.core, EVERYTHING))
    done = Detached(yes, statements, count)
    if as_json:
        print_json(done)
        return
    if not statements:
        say("There is nothing to take off: this database has no row security.")
    for statement in statements:
        say(f"  {statement}")
    if statements:
        say("✔ Done." if yes else "Nothing was done; add --yes to do it.")
    if count > 1:
        say(
            f"{count} organisations are in this database. Without this package core refuses it, for everyone "
            "with the key would see all of them, unless AFTERPOST_ACCEPT=several_organizations."
        )
