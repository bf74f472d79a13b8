"""Imported files as a provider: it brings the formats, and has no network behind it."""

from collections.abc import Mapping, Sequence

from afterpost.builtin.imports.generic import GenericCsv
from afterpost.builtin.imports.youtube_studio import YouTubeStudioChart, YouTubeStudioTable
from afterpost.sdk import Call, Capabilities, ErrorKind, Failed, FileFormat, Outcome, Provider, ProviderError


class ImportsProvider(Provider):
    """The provider `imports`. Posts from files belong to their own platform and are never collected here."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(platform="imports", display_name="Imported files", metrics=(), lists_posts=False)

    @property
    def file_formats(self) -> Sequence[FileFormat]:
        return (GenericCsv(), YouTubeStudioTable(), YouTubeStudioChart())

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        error = ProviderError(
            ErrorKind.BAD_REQUEST,
            "Files have no API to ask: import a newer file, or connect the post's platform.",
        )
        return {post: Failed(error) for post in ids}
