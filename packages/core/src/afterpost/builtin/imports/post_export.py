"""What the exports of the networks have in common: one line a post, columns in the network's own words."""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, NamedTuple

from afterpost.builtin.imports.cells import is_unknown, shown
from afterpost.builtin.imports.columns import Column, metrics_of, values_of
from afterpost.builtin.imports.table import Header, Row
from afterpost.builtin.imports.times import Published
from afterpost.domain.errors import InvalidInput
from afterpost.domain.ids import plain_name
from afterpost.domain.metrics import Kind
from afterpost.domain.posts import UNKNOWN_TYPE
from afterpost.sdk import FileContext, FileFormat, FileRecord, LineError, LineSkipped, Reading
from afterpost.sdk.formats import FileItem

CUT = "cut"
"""Why a line is skipped that says where the network cut the file: it is said of the whole file as well."""


class Described(NamedTuple):
    """What a line says about its post beside the numbers."""

    external_id: str
    published: Published = Published()
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
    renamed: ClassVar[Mapping[str, str]] = {}
    """What a column was called earlier -> what it is called now."""

    def detect(self, header: Sequence[str]) -> bool:
        return {self.renamed.get(name, name) for name in map(plain_name, header)}.issuperset(self.needed)

    def read(
        self, header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], context: FileContext
    ) -> Iterator[FileItem]:
        if context.platform not in (None, self.platform):
            raise InvalidInput(f"This is a file of {self.title}; its platform is not {context.platform!r}.")
        if not self.detect(header):  # the format was named, not found
            raise InvalidInput(f"The file does not have the columns of {self.title}.")
        self.require(context)
        columns = Header([self.renamed.get(name, name) for name in map(plain_name, header)])
        metrics, left_out = metrics_of(columns, self.column, self.describing)
        if not metrics:
            raise InvalidInput(
                f"The file of {self.title} has no metric that is known here.",
                hint="The columns are named in the language of the page: set it to English and export again.",
            )
        return self._items(columns.rows(rows), metrics, left_out, context)

    def column(self, name: str) -> Column | None:
        """What a column becomes; None for one that is no metric."""
        return self.columns.get(name)

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
        published: Published,
    ) -> Reading:
        """The line's reading: totals when the file was made."""
        return Reading(
            observed_at=context.observed_at,
            values=values_of(row, metrics),
            definitions={column.metric: f"import:{self.name}" for column in metrics.values()},
            published_at=published.at,
            published_on=published.on,
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
                skipped = self.skip(row)
                if skipped is not None and skipped.reason == CUT:
                    yield LineError(1, skipped.message)
                yield skipped or self._record(row, metrics, context)

    def _record(
        self, row: Row, metrics: Mapping[str, Column], context: FileContext
    ) -> FileRecord | LineError:
        post = self.described(row, context)
        reading = self.reading(row, metrics, context, post.published)
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
            notes=tuple(row.notes),
        )


def type_in(cell: str, types: Mapping[str, str]) -> str:
    """A network's word for a kind of post as a content type; a word that is new here stands as it is, and is
    said when it is stored."""
    word = cell.strip().casefold()
    return UNKNOWN_TYPE if is_unknown(cell) else types.get(word, word)
