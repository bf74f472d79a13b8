"""`afterpost doctor` as a person sees it."""

from packages.core.tests.cli.kit import Cli
from packages.core.tests.databases import on_a_file


def test_marks_sentences_and_next_steps(cli: Cli) -> None:
    cli.connected()
    cli.done("refresh")
    ran = cli.done("doctor")
    lines = ran.out.splitlines()
    assert lines[0].startswith(" ✔ settings")
    assert any(line.startswith(" ✔ rollups    equal to the facts, 2 snapshots") for line in lines)
    assert any(line.startswith(" ✔ accounts   toy @baker (account 1): active, last read") for line in lines)
    # An area is named once, however much is found about it.
    assert sum("plugins" in line for line in lines) == 1
    assert ran.err == ""


def test_json_has_the_same_findings(cli: Cli) -> None:
    cli.done("migrate")
    text, answer = cli.done("doctor").out, cli.done("doctor", "--json").json
    assert answer["healthy"] is True
    for finding in answer["findings"]:
        assert finding["sentence"] in text
        assert (finding["next_step"] or "") in text


@on_a_file
def test_what_is_broken_is_an_exit_code(cli: Cli) -> None:
    cli.done("migrate")
    cli.database.write_bytes(b"no database, and long enough for a header of it" * 50)
    ran = cli.run("doctor")
    assert ran.code == 1
    assert " ✖ database   The database" in ran.out
    assert "            → Restore the file from a backup" in ran.out
    assert "Traceback" not in ran.out + ran.err
    assert cli.run("doctor", "--json").json["healthy"] is False


def test_wrong_settings_are_a_finding(cli: Cli) -> None:
    cli.env["AFTERPOST_TIME_ZONE"] = "Mars/Olympus"
    ran = cli.run("doctor")
    assert (ran.code, ran.err) == (1, "")
    assert " ✖ settings   A setting can't be used: There is no time zone 'Mars/Olympus'." in ran.out
