"""Imported files as a provider: it brings the formats, and has no network behind it."""

from collections.abc import Mapping, Sequence

from afterpost.builtin.imports.generic import GenericCsv
from afterpost.builtin.imports.linkedin_content import LinkedInContent
from afterpost.builtin.imports.meta_suite import FacebookPosts, InstagramPosts
from afterpost.builtin.imports.tiktok_studio import TikTokStudioContent
from afterpost.builtin.imports.x_analytics import XContent, XTweetActivity
from afterpost.builtin.imports.youtube_studio import YouTubeStudioChart, YouTubeStudioTable
from afterpost.sdk import Call, Capabilities, ErrorKind, Failed, FileFormat, Outcome, Provider, ProviderError


class ImportsProvider(Provider):
    """The provider `imports`. Posts from files belong to their own platform and are never collected here."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(platform="imports", display_name="Imported files", metrics=(), lists_posts=False)

    @property
    def file_formats(self) -> Sequence[FileFormat]:
        return (
            GenericCsv(),
            YouTubeStudioTable(),
            YouTubeStudioChart(),
            TikTokStudioContent(),
            InstagramPosts(),
            FacebookPosts(),
            XContent(),
            XTweetActivity(),
            LinkedInContent(),
        )

    async def fetch_metrics(self, call: Call, ids: Sequence[str]) -> Mapping[str, Outcome]:
        error = ProviderError(
            ErrorKind.BAD_REQUEST,
            "Files have no API to ask: import a newer file, or connect the post's platform.",
        )
        return {post: Failed(error) for post in ids}
