"""The built-in plugin, and an export file from a path to records in order."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import httpx
import pytest

from afterpost import hookimpl
from afterpost.builtin import imports
from afterpost.builtin.imports.export_file import open_export
from afterpost.builtin.imports.generic import GenericCsv
from afterpost.builtin.imports.provider import ImportsProvider
from afterpost.domain.errors import InvalidInput
from afterpost.sdk import Call, Credential, ErrorKind, Failed, FileContext, FileRecord, LineError

CONTEXT = FileContext(observed_at=datetime(2026, 3, 2, tzinfo=UTC), platform="x")


def test_the_plugin_brings_one_provider_without_a_network() -> None:
    (provider,) = imports.register_providers(settings={})

    assert hasattr(imports.register_providers, f"{hookimpl.project_name}_impl")
    assert provider.capabilities.platform == "imports"
    assert provider.capabilities.metrics == ()
    assert provider.capabilities.hosts == ()
    assert not provider.capabilities.lists_posts
    assert {each.name for each in provider.file_formats} == {
        "generic_csv",
        "youtube_studio_table",
        "youtube_studio_chart",
        "tiktok_studio_content",
        "meta_instagram_posts",
        "meta_facebook_posts",
        "x_content",
        "x_tweet_activity",
        "linkedin_content",
    }
    assert all(each.title and each.note for each in provider.file_formats)


async def test_files_cant_be_asked_again() -> None:
    async with httpx.AsyncClient() as client:
        call = Call(client=client, credential=Credential(secrets={}), now=CONTEXT.observed_at)
        outcomes = await ImportsProvider().fetch_metrics(call, ["a", "b"])

    assert list(outcomes) == ["a", "b"]
    for outcome in outcomes.values():
        assert isinstance(outcome, Failed)
        assert outcome.error.kind is ErrorKind.BAD_REQUEST
        assert "Files have no API" in outcome.error.message


def test_lines_that_are_no_csv_and_lines_that_are_no_reading_come_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(b'post_id,views\na,1\nb,\x00\nc,-1\n"d"x,1\n\ne,2\nf,"2\n')

    with open_export(path, ImportsProvider().file_formats, CONTEXT) as export:
        assert export.format.name == "generic_csv"
        items = list(export.items)

    assert [(item.line, isinstance(item, LineError)) for item in items] == [
        (2, False),
        (3, True),
        (4, True),
        (5, True),
        (7, False),
        (8, True),
    ]


class Greedy(GenericCsv):
    """A plugin's format that claims the same header."""

    name = "greedy"


def test_a_named_format_settles_it(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("post_id,views\na,1\n")
    formats = (GenericCsv(), Greedy())

    with pytest.raises(InvalidInput, match="more than one"), open_export(path, formats, CONTEXT):
        pass
    with open_export(path, formats, CONTEXT, format_name="greedy") as export:
        assert export.format is formats[1]
        assert [type(item) for item in export.items] == [FileRecord]


@pytest.mark.parametrize("name", ["generic_csv", "youtube_studio_table", "youtube_studio_chart"])
def test_a_file_that_is_not_of_the_named_format_is_refused(name: str) -> None:
    context = FileContext(observed_at=CONTEXT.observed_at)
    source = BytesIO(b"title,views\na,1\n")
    with (
        pytest.raises(InvalidInput, match="column"),
        open_export(source, ImportsProvider().file_formats, context, format_name=name),
    ):
        pass


def test_a_wrong_header_is_refused_when_the_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("post_id,veiws\na,1\n")

    with pytest.raises(InvalidInput, match="veiws"), open_export(path, [GenericCsv()], CONTEXT):
        pass
