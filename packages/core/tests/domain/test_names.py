"""Slugs, metric names, scopes, errors: small rules everything else leans on."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterpost.domain import events
from afterpost.domain.errors import AfterpostError, ErrorKind, ProviderError, TooSoon
from afterpost.domain.ids import ExternalId, Platform, Slug, Text, Url, slug_of
from afterpost.domain.metrics import CANONICAL, CUMULATIVE, is_metric_name
from afterpost.domain.posts import ContentType, CreativeLinks
from afterpost.domain.scope import SYSTEM, Actor, Scope
from packages.core.tests.house import NOW


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Nørre Køkken & Café", "nrre-kkken-cafe"),
        ("  --Already-a-slug--  ", "already-a-slug"),
        ("x" * 99, "x" * 50),
        ("x" * 49 + " y", "x" * 49),
        ("Zürich 2026", "zurich-2026"),
    ],
)
def test_a_slug_is_what_is_left_of_a_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@given(st.text())
def test_every_name_has_a_slug_that_is_one(name: str) -> None:
    assert msgspec.convert(slug_of(name), Slug) == slug_of(name)


def test_names_in_other_scripts_have_slugs_of_their_own() -> None:
    assert slug_of("東京") != slug_of("大阪")
    assert slug_of("東京") == slug_of("東京")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Platform, ["youtube", "x", "my_net2"], ["YouTube", "2net", "", "a" * 33, "you-tube", "youtube\n"]),
        (Slug, ["a", "0-b_c"], ["-a", "A", "", "a" * 64, "a b", "a\n"]),
        (ExternalId, ["-HNx8nDsGuQ", "a/b?c", "ü"], ["", "a b", "a\nb", "\x7f", "x" * 513, "a\n"]),
        (ContentType, ["video", "reel_2"], ["", "Video", "video\n"]),
        (Text, ["", "two\nlines\tand tabs"], ["nul \x00", "bell \x07", "\x1b[31m"]),
        (
            Url,
            ["https://example.org/a", "http://a"],
            ["javascript:alert(1)", "https://a b", "ftp://a", "", "http://a\n"],
        ),
    ],
)
def test_names_that_travel_are_checked(kind: type[str], good: list[str], bad: list[str]) -> None:
    for name in good:
        assert msgspec.convert(name, kind) == name
    for name in bad:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(name, kind)


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("views", True),
        ("avg_view_seconds", True),
        ("x_youtube_estimated_minutes_watched", True),
        ("x_sample_points2", True),
        ("x_sample", False),
        ("x__points", False),
        ("x_Sample_points", False),
        ("estimated_minutes", False),
        ("x_sample_" + "a" * 71, True),
        ("x_sample_" + "a" * 72, False),
        ("x_sample_points\n", False),
        ("", False),
    ],
)
def test_a_metric_is_canonical_or_a_providers_own(name: str, valid: bool) -> None:
    assert is_metric_name(name) is valid


def test_the_canonical_metrics_are_those_of_the_page() -> None:
    page = (
        "views impressions reach likes dislikes comments shares quotes saves clicks_link clicks_profile "
        "clicks_post follows unfollows watch_time_seconds avg_view_seconds"
    )
    assert page.split() == list(CANONICAL)
    assert set(CANONICAL) - set(CUMULATIVE) == {"avg_view_seconds"}


def test_a_scope_is_only_ever_narrowed() -> None:
    everything = Scope.default()
    assert everything.narrowed() == everything
    assert everything.narrowed(organization=1, brand=2) == Scope(frozenset({1}), frozenset({2}), None)
    some = Scope(frozenset({1, 2}), frozenset({3}), frozenset({4}))
    assert some.narrowed(organization=2, brand=3) == Scope(frozenset({2}), frozenset({3}), frozenset({4}))
    assert some.narrowed(organization=9).organizations == frozenset()
    assert some.narrowed(brand=9).brands == frozenset()


def test_an_actor_is_named_by_kind_and_id() -> None:
    assert str(SYSTEM) == "system:afterpost"
    assert str(Actor("key", "default")) == "key:default"


def test_errors_carry_a_sentence_a_code_and_a_next_step() -> None:
    error = AfterpostError("It broke.", hint="Mend it.")
    assert (str(error), error.message, error.hint, error.code) == (
        "It broke.",
        "It broke.",
        "Mend it.",
        "error",
    )
    soon = TooSoon("Wait.", retry_at=NOW)
    assert (soon.retry_at, soon.code, soon.hint) == (NOW, "too_soon", None)
    failed = ProviderError(
        ErrorKind.RATE_LIMITED, "Slow down.", native="429", request_id="r1", retry_at=NOW, scopes=("read",)
    )
    assert (failed.kind, failed.native, failed.request_id) == (ErrorKind.RATE_LIMITED, "429", "r1")
    assert (failed.retry_at, failed.scopes, failed.code) == (NOW, ("read",), "provider_error")


def test_every_code_is_one_classes_own() -> None:
    def classes(kind: type[AfterpostError]) -> list[type[AfterpostError]]:
        return [kind, *(c for sub in kind.__subclasses__() for c in classes(sub))]

    codes = [kind.code for kind in classes(AfterpostError) if kind.__module__ == "afterpost.domain.errors"]
    assert len(codes) == len(set(codes))


def test_an_event_keeps_its_versioned_name_on_the_wire() -> None:
    event = events.PostGone(organization_id=1, post_id=2, since=datetime(2026, 1, 1, tzinfo=UTC))
    wire = msgspec.json.encode(event)
    assert msgspec.json.decode(wire)["type"] == "post_gone.v1"
    assert msgspec.json.decode(wire, type=events.Event) == event


def test_creative_links_refuse_what_they_do_not_know() -> None:
    assert msgspec.json.encode(CreativeLinks(hook="h1")) == b'{"hook":"h1"}'
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'{"hock":"h1"}', type=CreativeLinks)
