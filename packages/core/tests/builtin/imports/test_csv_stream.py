"""Records out of bytes: encodings, delimiters, line numbers, and what is broken without breaking the rest."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from afterpost.builtin.imports.csv_stream import MAX_CELL, MAX_COLUMNS, MAX_UNREADABLE, CsvFile
from afterpost.builtin.imports.export_file import opened
from afterpost.builtin.imports.text_lines import MAX_RECORD
from afterpost.domain.errors import InvalidInput
from afterpost.sdk import LineError


@contextmanager
def open_csv(source: str | Path | BinaryIO) -> Iterator[CsvFile]:
    """A path or stream as CSV."""
    with opened(source) as file:
        yield CsvFile(file)


def read(data: str | bytes) -> tuple[CsvFile, list[tuple[int, list[str]] | LineError]]:
    file = CsvFile(io.BytesIO(data.encode() if isinstance(data, str) else data))
    return file, [r if isinstance(r, LineError) else (r[0], list(r[1])) for r in file.records()]


def test_the_first_line_that_is_not_blank_is_the_header() -> None:
    file, records = read("\n ,\n a , b\n\n1,2\n,\n3,4")

    assert (file.header_line, file.header) == (3, ("a", "b"))
    assert records == [(5, ["1", "2"]), (7, ["3", "4"])]


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ],
)
def test_encodings(mark: bytes, encoding: str) -> None:
    file, records = read(mark + "a,b\r\nÄ🌻,2\r\n".encode(encoding))

    assert file.header == ("a", "b")
    assert records == [(2, ["Ä🌻", "2"])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_in_the_header(delimiter: str) -> None:
    others = "".join(other for other in ",;\t" if other != delimiter)
    _, records = read(delimiter.join(["a", f'"b{others * 9}"', "c"]) + "\n" + delimiter.join("123"))

    assert records == [(2, ["1", "2", "3"])]


@pytest.mark.parametrize("first", ["sep=,", '"sep=,"', "SEP=,"])
def test_a_first_line_names_the_delimiter(first: str) -> None:
    data = f"{first}\r\na;b;c,d\r\n1;2;3,4\r\n"
    file, records = read(b"\xff\xfe" + data.encode("utf-16-le"))

    assert (file.header_line, file.header) == (2, ("a;b;c", "d"))
    assert records == [(3, ["1;2;3", "4"])]


def test_a_tab_is_named_as_delimiter() -> None:
    assert read("sep=\t\na\tb\n1\t2")[1] == [(3, ["1", "2"])]


def test_any_other_delimiter_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"'\|' as its separator"):
        read("sep=|\na|b\n")


def test_line_numbers_count_the_lines_inside_cells() -> None:
    _, records = read('a,b\r\n"one\r\ntwo\n\nthree",1\r\n"doubled ""quotes""",2\r\n')

    assert records == [(2, ["one\r\ntwo\n\nthree", "1"]), (6, ['doubled "quotes"', "2"])]


def test_lone_carriage_returns_end_lines() -> None:
    assert read("a,b\r1,2\r3,4")[1] == [(2, ["1", "2"]), (3, ["3", "4"])]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'1,"a"b', "not doubled"),
        (b"1," + b"x" * (MAX_CELL + 1), "cell is longer than 100,000"),
        (b"1," + b"x" * 140_000, "cell is longer than 100,000"),
        (b"," * MAX_COLUMNS, "501 cells"),
        (b"1," + b"x" * MAX_RECORD, "line is longer than 1,000,000"),
    ],
)
def test_a_line_that_cant_be_read_does_not_stop_the_others(line: bytes, words: str) -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        _, records = read(b"a,b" + end + b"1,2" + end + line + end + b"3,4")

        first, error, last = records
        assert first == (2, ["1", "2"])
        assert isinstance(error, LineError)
        assert error.line == 3
        assert words in error.message
        assert last == (4, ["3", "4"])


def test_windows_1252_is_recognised_and_named() -> None:
    data = "id,title\n1,plain\n2,Brötchen – „knusprig“ für 2€\n3,Käse\n".encode("cp1252")
    for head in (b"", b"\n\n"):
        file, records = read(head + data)
        assert [record[1] for record in records if isinstance(record, tuple)] == [
            ["1", "plain"],
            ["2", "Brötchen – „knusprig“ für 2€"],
            ["3", "Käse"],
        ]
        assert ["Windows-1252" in remark for remark in file.remarks] == [True]
    file, _ = read("id,Größe\n1,ä\n".encode("cp1252"))
    assert file.header == ("id", "Größe")


def test_a_file_in_utf_8_is_never_taken_for_windows_1252() -> None:
    file, records = read("id,title\n1,Käse\n".encode() + b"2,K\xe4se\n3,Brot\n")
    assert records == [(2, ["1", "Käse"]), (3, ["2", "K\ufffdse"]), (4, ["3", "Brot"])]
    assert file.remarks == ["Line 3 of the file: bytes that are no text are shown as \ufffd."]
    assert read("id,title\n1,Käse\n")[0].remarks == []


@pytest.mark.parametrize("cell", [b"\x81", b"a\x00b"])
def test_a_cell_that_is_no_text_costs_no_other(cell: bytes) -> None:
    _, records = read(b"a,b\n1,2\n3," + cell + b"\n5,6\n")
    assert [record[1][0] for record in records if isinstance(record, tuple)] == ["1", "3", "5"]


def test_byte_order_marks_before_the_header_are_no_part_of_it() -> None:
    for header in ("post_id,views", '"post_id","views"'):
        file, _ = read(f"\ufeff\ufeff{header}\na,1\n")
        assert file.header == ("post_id", "views")
    assert read(b"\xff\xfe" + "\ufeffpost_id,views\n".encode("utf-16-le"))[0].header == ("post_id", "views")


def test_a_line_is_cut_between_its_two_end_characters() -> None:
    for length in range(MAX_RECORD - 2, MAX_RECORD + 3):
        for end in ("\r\n", "\r"):
            line = "1," + "x" * (length - 2)
            _, (error, last) = read(f"a,b\n{line}{end}3,4\n")

            assert isinstance(error, LineError)
            assert last == (3, ["3", "4"])

    line = "1," + "x" * (2 * MAX_RECORD - 2)  # the rest of an over-long line is skipped in pieces
    for length in range(-1, 3):
        for end in ("\r\n", "\r", "\r\r", "\r\n\n"):
            _, (_, last) = read(f"a,b\n{line}{'x' * length}{end}3,4\n")

            assert last == (3 + (end in ("\r\r", "\r\n\n")), ["3", "4"])


def test_an_open_quotation_mark_costs_the_lines_up_to_the_next_one() -> None:
    _, records = read('a,b\n1,2\n"3,4\n5,6\n"seven",8\n9,10\n')

    assert records[0] == (2, ["1", "2"])
    assert records[1] == LineError(
        3,
        "Can't be read, lines 3 to 5 left out: a quotation mark inside a quoted cell is not doubled.",
        "unreadable",
    )
    assert records[2:] == [(6, ["9", "10"])]


def test_a_quotation_mark_open_to_the_end_is_one_error() -> None:
    _, records = read('a,b\n1,2\n"3,4\n5,6\n')

    assert records[1:] == [
        LineError(
            3,
            "Can't be read, lines 3 to 4 left out: a quotation mark is opened and never closed.",
            "unreadable",
        )
    ]


def test_a_record_of_many_lines_has_a_limit_too() -> None:
    _, records = read('a,b\n1,2\n"\n' + '","\n' * (MAX_RECORD // 4))

    assert records[0] == (2, ["1", "2"])
    errors = [record for record in records[1:] if isinstance(record, LineError)]
    assert errors[0].line == 3
    assert "not closed within 1,000,000 characters" in errors[0].message


def test_half_a_character_at_the_end_is_an_error_of_the_last_line() -> None:
    _, records = read(b"\xff\xfe" + "a,b\n1,2\n3,4".encode("utf-16-le") + b"\x35")

    assert records[0] == (2, ["1", "2"])
    (error,) = records[1:]
    assert isinstance(error, LineError)
    assert error.line == 3
    assert "middle of a character" in error.message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\r\n\n  \n", "empty"),
        (b",,\n ,\n", "no line with text"),
        (b"PK\x03\x04....", "ZIP archive"),
        (b"\x1f\x8b\x08....", "gzip"),
        (b"\xd0\xcf\x11\xe0....", "Excel"),
        (b"%PDF-1.7", "PDF"),
        ("a,b\n".encode("utf-32"), "UTF-8 or UTF-16"),
        (b"a,b\x00\n1,2\n", "UTF-8 or UTF-16"),
        (b"a,bcd\x00\n1,2\n", "Line 1, the header: .*NUL"),
        (b"\n\nab\x81,b\n1,2\n", "Line 3, the header: .*not valid"),
        (b'"a,b\n1,2\n', "Line 1, the header: .*never closed"),
        (b"," * MAX_COLUMNS + b"a\n", "Line 1, the header: .*501 cells"),
        (b"a" * (MAX_RECORD + 1), "Line 1, the header: the line is longer"),
    ],
)
def test_what_is_no_csv_file_at_all_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(data)


def test_a_file_of_nothing_readable_is_given_up() -> None:
    with pytest.raises(InvalidInput, match="1,000 records up to line 1002 can't be read"):
        read(b"a,b\n" + b"\x81\n" * (2 * MAX_UNREADABLE))


def test_unreadable_records_are_counted_in_a_row() -> None:
    _, records = read(b"a,b\n" + (b"\x81\n" * (MAX_UNREADABLE - 1) + b"1,2\n") * 3)

    assert len(records) == 3 * MAX_UNREADABLE


def test_a_path_is_opened_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("a,b\n1,2\n")

    with open_csv(path) as file:
        assert list(file.records()) == [(2, ["1", "2"])]
    with open_csv(str(path)) as file:
        assert file.header == ("a", "b")


def test_a_stream_stays_open() -> None:
    source = io.BytesIO(b"a,b\n1,2\n")
    with open_csv(source) as file:
        list(file.records())
    del file

    assert not source.closed


def test_a_path_that_cant_be_opened_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.csv", tmp_path, tmp_path / "a\x00b"):
        with pytest.raises(InvalidInput, match="can't be opened"), open_csv(path):
            pass


class Endless(io.RawIOBase):
    """Lines without end, a few bytes at a time; counts what was asked for."""

    taken = 0

    def read(self, size: int = -1, /) -> bytes:
        data = b"a,b\n" if self.taken == 0 else b"1,2\n" * 100
        self.taken += len(data)
        return data[:4] if self.taken == 4 else data


def test_a_file_is_never_loaded_as_a_whole() -> None:
    source = Endless()
    with open_csv(source) as file:  # type: ignore[arg-type]
        records = file.records()
        for _ in range(10_000):
            next(records)

    assert source.taken < 200_000


class Failing(io.BytesIO):
    """A disk that fails after the first line."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(4)
        if not data:
            raise OSError(5, "Input/output error")
        return data


def test_a_failing_disk_is_told() -> None:
    file = CsvFile(Failing(b"a,b\n1,2\n"))
    with pytest.raises(InvalidInput, match="could not be read after line 2: Input/output error"):
        list(file.records())
