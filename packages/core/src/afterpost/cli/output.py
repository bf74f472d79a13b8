"""What commands print: tables for people, JSON for programs, sentences on stderr."""

import os
import sys
from collections.abc import Iterable, Sequence

import msgspec
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from afterpost.cli.words import clean

PIPED_WIDTH = 140
"""Columns of a table where there is no terminal to ask; COLUMNS says otherwise."""


def console(*, stderr: bool = False) -> Console:
    """A console on stdout or stderr as they are now."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPED_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


def say(sentence: str = "", style: str = "") -> None:
    """A sentence on stdout, never broken into lines."""
    console().print(Text(sentence, style), soft_wrap=True)


def complain(sentence: str, hint: str | None = None) -> None:
    """What went wrong on stderr, and under it what to do."""
    out = console(stderr=True)
    out.print(Text("Error: ", "bold red") + Text(clean(sentence)), soft_wrap=True)
    if hint:
        out.print(Text("Hint:  ", "bold") + Text(clean(hint)), soft_wrap=True)


def note(sentence: str) -> None:
    """A remark on stderr, where it does not mix with the answer."""
    console(stderr=True).print(Text(clean(sentence)), soft_wrap=True)


def print_json(value: object) -> None:
    """A value as indented JSON on stdout."""
    encoded = msgspec.json.format(msgspec.json.encode(value), indent=2)
    sys.stdout.write(encoded.decode() + "\n")


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "", numbers: Sequence[str] = ()
) -> None:
    """A table; the columns named in `numbers` stand right. Cells are shown as they are, never as markup."""
    listed = list(rows)
    if title:
        say(title, "bold")
    table = Table(box=box.SIMPLE, pad_edge=False, header_style="dim")
    for name in columns:
        right = name in numbers
        table.add_column(
            name,
            justify="right" if right else "left",
            no_wrap=right,
            overflow="ellipsis" if right else "fold",
        )
    for row in listed:
        table.add_row(*(Text(clean(cell)) for cell in row))
    console().print(table)


def progress_bar(*, counted: bool) -> Progress:
    """A bar on stderr that leaves nothing behind: posts counted, or a share of a file.

    Where stderr is no terminal nothing is drawn.
    """
    how = MofNCompleteColumn() if counted else TaskProgressColumn()
    out = console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        how,
        TimeRemainingColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    )
