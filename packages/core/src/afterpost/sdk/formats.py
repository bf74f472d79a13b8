"""Files that people download from a network, read line by line into readings."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct

from afterpost.domain.posts import UNKNOWN_TYPE
from afterpost.domain.readings import Reading


class FileContext(Struct, frozen=True, kw_only=True):
    """What a file can't say itself: when it was downloaded (aware UTC), the platform where the file leaves
    it open, and the zone of the account where the file writes local times."""

    observed_at: datetime
    platform: str | None = None
    time_zone: ZoneInfo | None = None


class FileRecord(Struct, frozen=True, kw_only=True):
    """One post's reading from a file. `line` is the line of the file it came from, counted from 1.

    What only describes the post never costs its numbers: give texts, links and types as the file has them,
    and they are clipped and cleaned when they are stored; leave out what can't be read and say so in
    `notes`. A publication of which the file tells only the day is `reading.published_on`, a reading of which
    it tells only the day `reading.observed_on`: no hour is made up.
    """

    line: int
    platform: str
    external_id: str
    reading: Reading
    title: str = ""
    description: str = ""
    url: str = ""
    content_type: str = UNKNOWN_TYPE
    account: str | None = None
    """Handle or id of the account, where the file names one."""
    notes: tuple[str, ...] = ()
    """What of the line was not understood and left out, a sentence each."""


class LineError(Struct, frozen=True):
    """A line that can't be read: its number and a sentence. The other lines are read all the same.

    `reason` is the class of the failure, a word for programs: `unreadable` (no record of the file),
    `invalid` (a cell), or the code of the error that refused it. On line 1 stands what is said of the file.
    """

    line: int
    message: str
    reason: str = "invalid"


class LineSkipped(Struct, frozen=True):
    """A line that is left out on purpose, such as a sum: its number, why in a word, and a sentence."""

    line: int
    reason: str
    message: str


FileItem: TypeAlias = FileRecord | LineError | LineSkipped
"""What a format says about one line."""


class FileFormat(ABC):
    """One file format, known by its header."""

    name: str
    """Stable name, e.g. `youtube_studio_table`."""
    title: str
    """What a person calls it."""
    note: str = ""
    """A sentence the importer shows: what the numbers of this file mean."""

    @abstractmethod
    def detect(self, header: Sequence[str]) -> bool:
        """True when a file with these column names is of this format."""

    @abstractmethod
    def read(
        self, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], context: FileContext
    ) -> Iterator[FileItem]:
        """What each line says, in file order; `rows` are (line number, cells) and are read as a stream."""
