"""What the exports of the networks have in common: one line a post, columns in the network's own words."""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple

from afterpost.builtin.imports.cells import shown
from afterpost.builtin.imports.columns import Column, metrics_of, values_of
from afterpost.builtin.imports.table import Header, Row
from afterpost.domain.errors import InvalidInput
from afterpost.domain.metrics import Kind
from afterpost.domain.posts import UNKNOWN_TYPE
from afterpost.sdk import FileContext, FileFormat, FileRecord, LineError, LineSkipped, Reading
from afterpost.sdk.formats import FileItem


class Described(NamedTuple):
    """What a line says about its post beside the numbers."""

    external_id: str
    published_at: datetime | None = None
    title: str = ""
    description: str = ""
    url: str = ""
    content_type: str = UNKNOWN_TYPE
    account: str | None = None


class PostExport(FileFormat):
    """A network's export. A format says which columns it needs, what they become, and how a post is named."""

    platform: ClassVar[str]
    needed: ClassVar[Collection[str]]
    """Columns by which the format is known."""
    columns: ClassVar[Mapping[str, Column]]
    """Column -> metric."""
    describing: ClassVar[Collection[str]]
    """Columns that are no metric, or are left out on purpose; any other unknown one is named in a note."""

    def detect(self, header: Sequence[str]) -> bool:
        return {name.strip() for name in header}.issuperset(self.needed)

    def read(
        self, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], context: FileContext
    ) -> Iterator[FileItem]:
        if context.platform not in (None, self.platform):
            raise InvalidInput(f"This is a file of {self.title}; its platform is not {context.platform!r}.")
        if not self.detect(header):  # the format was named, not found
            raise InvalidInput(f"The file does not have the columns of {self.title}.")
        self.require(context)
        columns = Header(header)
        metrics, left_out = metrics_of(columns, self.columns, self.describing)
        if not metrics:
            raise InvalidInput(
                f"The file of {self.title} has no metric that is known here.",
                hint="The columns are named in the language of the page: set it to English and export again.",
            )
        return self._items(columns.rows(rows), metrics, left_out, context)

    def require(self, context: FileContext) -> None:
        """Raises InvalidInput where the context lacks what this format needs."""

    def prepared(self, rows: Iterator[Row | LineError], context: FileContext) -> Iterator[Row | LineError]:
        """The rows, once whatever has to be known of all of them is known."""
        return rows

    def skip(self, row: Row) -> LineSkipped | None:
        """Why a line is left out; None for one that is read."""
        return None

    @abstractmethod
    def described(self, row: Row, context: FileContext) -> Described:
        """Which post the line is about; what is wrong with it is noted in `row`."""

    def reading(
        self,
        row: Row,
        metrics: Mapping[str, Column],
        context: FileContext,
        published_at: datetime | None,
    ) -> Reading:
        """The line's reading: totals when the file was made."""
        return Reading(
            observed_at=context.observed_at,
            values=values_of(row, metrics),
            definitions={column.metric: f"import:{self.name}" for column in metrics.values()},
            published_at=published_at,
            kinds={c.metric: c.kind for c in metrics.values() if c.kind is not Kind.CUMULATIVE},
        )

    def _items(
        self,
        rows: Iterator[Row | LineError],
        metrics: Mapping[str, Column],
        left_out: Sequence[str],
        context: FileContext,
    ) -> Iterator[FileItem]:
        if left_out:
            # Networks add columns now and then: they must not block the others, nor vanish in silence.
            listed = ", ".join(shown(name) for name in left_out)
            yield LineError(1, f"Columns that are not known and were left out: {listed}.")
        for row in self.prepared(rows, context):
            if isinstance(row, LineError):
                yield row
            else:
                yield self.skip(row) or self._record(row, metrics, context)

    def _record(
        self, row: Row, metrics: Mapping[str, Column], context: FileContext
    ) -> FileRecord | LineError:
        post = self.described(row, context)
        reading = self.reading(row, metrics, context, post.published_at)
        return row.error() or FileRecord(
            line=row.line,
            platform=self.platform,
            external_id=post.external_id,
            reading=reading,
            title=post.title,
            description=post.description,
            url=post.url,
            content_type=post.content_type,
            account=post.account,
        )
