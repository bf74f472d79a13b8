"""The kit proves something: a sound provider passes all of it, and each way of being broken is caught."""

import re
from datetime import date
from email.message import Message
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import msgspec
import pytest

from afterpost.domain.errors import InvalidInput
from afterpost.testing.conformance import CHECKS, Certificate, Kit, excuses_in, run
from packages.core.tests.testing.broken import CASES, Case
from packages.core.tests.testing.sound import DECLARED

HERE = "packages.core.tests.testing"


class OneNeed(Distribution):
    """A distribution that requires afterpost and nothing else."""

    @property
    def metadata(self) -> Message:  # type: ignore[override]
        found = Message()
        found["Name"], found["Version"] = "afterpost-greedy", "1.0"
        return found

    @property
    def requires(self) -> list[str]:
        return ["afterpost"]

    def read_text(self, filename: str) -> None:
        return None

    def locate_file(self, path: object) -> Path:
        return Path()


def installed(value: str) -> list[EntryPoint]:
    """The only plugin there is, as the entry point of a distribution."""
    point = EntryPoint("sound", f"{HERE}.{value}", "afterpost.plugins")
    vars(point).update(dist=OneNeed())
    return [point]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The certificate of the sound one's last release."""
    kept = Certificate(
        plugin="sound",
        dist="afterpost-sound",
        version="1.0",
        platform="sound",
        contract_version=1,
        afterpost="1.0",
        declared=DECLARED,
        results=(),
        left_out=(),
    )
    file = tmp_path_factory.mktemp("released") / "certificate.json"
    file.write_bytes(msgspec.json.encode(kept))
    return str(file)


@pytest.fixture(scope="module")
def certificate(released: str) -> Certificate:
    """Of the sound one."""
    return run("sound", released=released, installed=installed("sound:plugin"))


def test_a_sound_provider_passes_every_check(certificate: Certificate) -> None:
    assert [result for result in certificate.results if result.status != "passed"] == []
    assert [result.id for result in certificate.results] == list(CHECKS)
    assert certificate.ok
    assert certificate.platform == "sound"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}-{case.name}")
def test_a_broken_provider_is_caught_by_the_check_for_it(case: Case, released: str) -> None:
    kit = Kit("sound", released=released, installed=installed(f"broken:zoo.{case.name}"))
    result = kit.result(CHECKS[case.check])
    assert result.status == "failed", result
    assert case.says in (result.seen or "")
    assert re.fullmatch(r"[A-Z].*[.!]|[^ ].*", result.todo or "")


def test_an_import_that_does_something_is_caught() -> None:
    result = Kit("sound", installed=installed("loud:plugin")).result(CHECKS["A2"])
    assert result.status == "failed"
    assert "opens a port" in (result.seen or "")


def test_an_import_of_what_is_not_required_is_caught() -> None:
    result = Kit("sound", installed=installed("greedy:plugin")).result(CHECKS["A1"])
    assert result.status == "failed"
    assert "pytest (pytest)" in (result.seen or "")


def test_what_is_no_distribution_requires_nothing_that_could_be_missing() -> None:
    (point,) = installed("sound:plugin")
    vars(point).update(dist=None)
    assert Kit("sound", installed=[point]).result(CHECKS["A1"]).status == "not_applicable"


def test_no_check_is_without_a_provider_that_fails_it() -> None:
    assert {case.check for case in CASES} | {"A1", "A2"} == set(CHECKS)


def test_a_plugin_that_can_t_be_imported_fails_that_and_nothing_is_passed() -> None:
    found = run("sound", installed=[EntryPoint("sound", "nowhere_at_all", "afterpost.plugins")])
    assert [result.id for result in found.results if result.status == "failed"] == ["A1"]
    assert found.counts["passed"] == 0
    assert not found.ok
    assert found.platform is None


def test_a_network_may_take_back_a_grant_whose_token_came_twice() -> None:
    result = Kit("sound", installed=installed("strict:plugin")).result(CHECKS["C9"])
    assert result.status == "passed", result


# The release before


def of_release(folder: Path, certificate: Certificate, **changed: object) -> Kit:
    """The kit for the sound one, beside the certificate of a release with another `views`."""
    before = msgspec.structs.replace(DECLARED.metrics[0], **changed)
    declared = msgspec.structs.replace(DECLARED, metrics=(before, *DECLARED.metrics[1:]))
    kept = msgspec.structs.replace(certificate, declared=declared)
    (folder / "last.json").write_bytes(msgspec.json.encode(kept))
    (folder / "conformance.toml").write_text('released = "last.json"', "utf-8")
    more = excuses_in(folder / "conformance.toml")
    return Kit("sound", released=more.released, installed=installed("sound:plugin"))


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, "passed"),
        ({"native": "seen", "meaning": "Said otherwise."}, "passed"),
        ({"unit": "ratio", "definition": "0"}, "passed"),
        ({"unit": "ratio"}, "failed"),
        ({"name": "impressions"}, "failed"),
        ({"name": "impressions", "deprecated_on": date(2026, 1, 1)}, "passed"),
    ],
)
def test_the_release_before_is_kept_to(
    changed: dict[str, object], status: str, certificate: Certificate, tmp_path: Path
) -> None:
    assert of_release(tmp_path, certificate, **changed).result(CHECKS["B6"]).status == status


def test_without_a_release_before_there_is_nothing_to_keep_to() -> None:
    result = Kit("sound", installed=installed("sound:plugin")).result(CHECKS["B6"])
    assert (result.status, "No certificate" in (result.reason or "")) == ("not_applicable", True)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"declared": 7}'])
def test_what_is_no_certificate_of_a_release_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "last.json").write_text(text, "utf-8")
    for file in ("last.json", "nowhere.json"):
        with pytest.raises(InvalidInput, match="can't be read as the certificate of a release"):
            Kit("sound", released=str(tmp_path / file), installed=installed("sound:plugin"))


# Waivers


def broken(name: str, **waivers: str) -> Kit:
    """The kit for a broken provider, with waivers."""
    return Kit("sound", waivers=waivers, installed=installed(f"broken:zoo.{name}"))


def test_a_waiver_is_shown_with_its_reason_and_what_it_is_for() -> None:
    result = broken("Disguised", H5="The network lets browsers in only.").result(CHECKS["H5"])
    assert (result.status, result.reason) == ("waived", "The network lets browsers in only.")
    assert "browser" in (result.seen or "")


def test_a_waiver_that_is_not_needed_fails() -> None:
    result = broken("Disguised", H6="It once wrote something.").result(CHECKS["H6"])
    assert result.status == "failed"
    assert "Take the waiver off" in (result.todo or "")


@pytest.mark.parametrize("reason", ["", "because", "no idea"])
def test_a_waiver_needs_a_reason(reason: str) -> None:
    with pytest.raises(InvalidInput, match="gives no reason"):
        broken("Disguised", H5=reason)


def test_a_waiver_of_no_check_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no such check"):
        broken("Disguised", Z9="There is nothing to waive.")


def test_paths_that_are_read_by_post_are_let_through() -> None:
    kit = Kit("sound", reads_by_post=["/me"], installed=installed("broken:zoo.Writes"))
    result = kit.result(CHECKS["H6"])
    assert "/me" not in (result.seen or "")
    assert "/posts" in (result.seen or "")


def test_a_plugin_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(InvalidInput, match="there are: sound"):
        run("silent", installed=installed("sound:plugin"))


# The certificate


def test_what_many_checks_fail_for_is_told_once() -> None:
    found = run("sound", installed=installed("broken:zoo.Elsewhere"))
    text = found.table()
    failed = found.counts["failed"]
    assert failed > 40
    assert len(re.findall("The provider asks api.sound.invalid, which is not declared.", text)) == 1
    assert len(re.findall(r"do: Declare api.sound.invalid in `hosts`\.", text)) == 1
    (many,) = re.findall("^([0-9]+) checks failed for the same reason: A6, B1, C1, ", text, re.MULTILINE)
    assert failed - 5 < int(many) <= failed
    assert text.count("seen: ") == 1 + failed - int(many)


def test_an_unexpected_refusal_is_told_with_what_was_asked() -> None:
    result = broken("NoneIsAnError").result(CHECKS["D1"])
    assert "Its last request was GET api.sound.invalid/posts, and the answer 200." in (result.seen or "")


def test_a_certificate_is_plain_data(certificate: Certificate) -> None:
    again = msgspec.json.decode(msgspec.json.encode(certificate), type=Certificate)
    assert again == certificate


def test_the_table_says_everything(certificate: Certificate) -> None:
    failed = msgspec.structs.replace(
        certificate.results[0], status="failed", seen="This was seen.", todo="Do that."
    )
    text = msgspec.structs.replace(certificate, results=(failed, *certificate.results[1:])).table()
    for id, check in CHECKS.items():
        assert re.search(rf"^{id} .*{re.escape(check.demand)}$", text, re.MULTILINE)
    assert "seen: This was seen." in text
    assert "do: Do that." in text
    assert f"{len(CHECKS) - 1} passed, 1 FAILED, 0 waived, 0 not applicable" in text
    for one in certificate.left_out:
        assert one.reason in text
    assert not {one.id for one in certificate.left_out} & set(CHECKS)
