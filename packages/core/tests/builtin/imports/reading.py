"""Files as the tests write them, and what the importer makes of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

from afterpost.builtin.imports.export_file import open_export
from afterpost.builtin.imports.provider import ImportsProvider
from afterpost.sdk import FileContext, FileRecord, LineError
from afterpost.sdk.formats import FileItem

OBSERVED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

STUDIO = "Content,Video title,Video publish time,Duration"


def items_of(
    data: str | bytes,
    platform: str | None = None,
    *,
    at: datetime = OBSERVED,
    zone: str | None = None,
    form: str | None = None,
) -> list[FileItem]:
    """Everything the importer says about a file of this content, in order."""
    raw = data.encode() if isinstance(data, str) else data
    time_zone = None if zone is None else ZoneInfo(zone)
    context = FileContext(observed_at=at, platform=platform, time_zone=time_zone)
    with open_export(BytesIO(raw), ImportsProvider().file_formats, context, format_name=form) as export:
        return list(export.items)


def records_of(
    data: str | bytes,
    platform: str | None = None,
    *,
    at: datetime = OBSERVED,
    zone: str | None = None,
    form: str | None = None,
) -> list[FileRecord]:
    """The records of a file that has no error."""
    items = items_of(data, platform, at=at, zone=zone, form=form)
    assert not errors_in(items)
    return [item for item in items if isinstance(item, FileRecord)]


def errors_in(items: Sequence[FileItem]) -> list[LineError]:
    return [item for item in items if isinstance(item, LineError)]


def only_error(data: str | bytes, platform: str | None = None) -> LineError:
    """The one error of a file whose other lines can be read."""
    (error,) = errors_in(items_of(data, platform))
    return error
