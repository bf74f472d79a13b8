"""Files as the tests write them, and what the importer makes of them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO

from afterpost.builtin.imports.export_file import open_export
from afterpost.builtin.imports.provider import ImportsProvider
from afterpost.sdk import FileContext, FileRecord, LineError

OBSERVED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

STUDIO = "Content,Video title,Video publish time,Duration"


def items_of(data: str | bytes, platform: str | None = None) -> list[FileRecord | LineError]:
    """Everything the importer says about a file of this content, in order."""
    raw = data.encode() if isinstance(data, str) else data
    context = FileContext(observed_at=OBSERVED, platform=platform)
    with open_export(BytesIO(raw), ImportsProvider().file_formats, context) as export:
        return list(export.items)


def records_of(data: str | bytes, platform: str | None = None) -> list[FileRecord]:
    """The records of a file that has no error."""
    items = items_of(data, platform)
    assert not errors_in(items)
    return [item for item in items if isinstance(item, FileRecord)]


def errors_in(items: Sequence[FileRecord | LineError]) -> list[LineError]:
    return [item for item in items if isinstance(item, LineError)]


def only_error(data: str | bytes, platform: str | None = None) -> LineError:
    """The one error of a file whose other lines can be read."""
    (error,) = errors_in(items_of(data, platform))
    return error
