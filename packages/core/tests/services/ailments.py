"""One thing each that is wrong with an installation."""

from datetime import timedelta

from afterpost.domain.errors import Misconfigured
from packages.core.tests.house import NOW
from packages.core.tests.services.sick import (
    House,
    LostMigrations,
    MutePlugin,
    RaisingPanels,
    RaisingPlugin,
    micros,
)


def no_file(house: House) -> None:
    house.database.unlink()


def no_database(house: House) -> None:
    house.database.write_bytes(b"no database at all, but long enough to have a header " * 50)


def damaged(house: House) -> None:
    content = bytearray(house.database.read_bytes())
    for page in range(2, len(content) // 4096):
        content[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    house.database.write_bytes(bytes(content))


def behind(house: House) -> None:
    house.sql("DELETE FROM alembic_version")


def newer(house: House) -> None:
    house.sql("UPDATE alembic_version SET version_num = '9999'")


def of_before_the_release(house: House) -> None:
    house.sql("UPDATE alembic_version SET version_num = '0009'")


def of_other_tables(house: House) -> None:
    """The first schema as another state of the code had it."""
    house.sql("UPDATE alembic_version SET version_num = 'first_0123456789ab'")


def left_over(house: House) -> None:
    house.sql("CREATE TABLE alembic_version_gone (version_num TEXT)")
    house.sql("INSERT INTO alembic_version_gone VALUES ('0003')")


def another_organization(house: House) -> None:
    """Made behind the back of a core that can't tell callers apart."""
    house.sql(
        "INSERT INTO organizations (slug, name, time_zone, zone_fixed, change_seq, created_at) "
        "VALUES ('other', 'Other', 'UTC', 0, 0, 0)"
    )


def no_wal(house: House) -> None:
    house.sql("PRAGMA journal_mode = DELETE")


def back_in_time(house: House) -> None:
    house.clock.advance(timedelta(days=-30))


def other_zone(house: House) -> None:
    house.changed["time_zone"] = "Europe/Berlin"


def no_such_zone(house: House) -> None:
    house.sql("UPDATE organizations SET time_zone = 'Mars/Olympus'")


def stopped(house: House) -> None:
    house.account(state="stopped", failure_kind="credential_revoked", failure_message="The grant is gone.")


def parked(house: House) -> None:
    house.account(parked_until=micros(NOW + timedelta(hours=1)), failure_message="The quota is used up.")


def failed_last(house: House) -> None:
    house.account(failure_message="The platform is down.", parked_until=micros(NOW - timedelta(hours=1)))


def overdue(house: House) -> None:
    house.account(next_list_at=micros(NOW - timedelta(hours=5)))


def no_plugin(house: House) -> None:
    house.account(platform="nosuch")


def other_key(house: House) -> None:
    house.account()
    house.changed["secret_key"] = "A" * 43 + "="


def moved_credential(house: House) -> None:
    house.account(external_id="t2")


def no_credential(house: House) -> None:
    house.account(credential=None)


def abandoned(house: House) -> None:
    house.sql("UPDATE runs SET state = 'running', ended_at = NULL WHERE id = 1")
    house.clock.advance(timedelta(hours=9))


def failed_run(house: House) -> None:
    house.sql("UPDATE runs SET state = 'failed', message = 'toy @baker: down', failed = 3, kind = 'collect'")


def drifted(house: House) -> None:
    house.sql("UPDATE standing SET views_change = views_change + 1")


def drifted_days(house: House) -> None:
    house.sql("UPDATE rollups SET views_n = views_n + 1")


def lost_snapshot(house: House) -> None:
    house.sql("DELETE FROM post_analytics WHERE prev_day IS NOT NULL")


def lost_table(house: House) -> None:
    house.sql("DROP TABLE standing")


def mute_policy(house: House) -> None:
    house.plugins["mute"] = MutePlugin()


def raising_plugin(house: House) -> None:
    house.plugins["raising"] = RaisingPlugin()


def raising_panels(house: House) -> None:
    house.plugins["panels"] = RaisingPanels()


def lost_migrations(house: House) -> None:
    house.plugins["lost"] = LostMigrations()


def wrong_settings(house: House) -> None:
    house.load_error = Misconfigured("AFTERPOST_PORT is wrong.", hint="Mend it.")


def unreadable_settings(house: House) -> None:
    house.load_error = PermissionError(13, "Permission denied", "/data/api_key")


def wrong_url(house: House) -> None:
    house.changed["database_url"] = "what ever"


def no_server(house: House) -> None:
    house.changed["database_url"] = "postgresql://ana:secret@127.0.0.1:1/afterpost"


def loose_key(house: House) -> None:
    (house.folder / "secret_key").write_text("x")
    (house.folder / "secret_key").chmod(0o644)
