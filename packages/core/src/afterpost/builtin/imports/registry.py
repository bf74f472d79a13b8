"""Which format a file is of: the one whose header fits, or a sentence that says what to do instead."""

from collections.abc import Iterable, Sequence

from afterpost.builtin.imports.cells import shown
from afterpost.builtin.imports.refusals import why_refused
from afterpost.domain.errors import InvalidInput
from afterpost.sdk import FileFormat

_SHOWN_NAMES = 12


def detect(header: Sequence[str], formats: Iterable[FileFormat]) -> FileFormat:
    """The one format that knows this header. Raises InvalidInput when none does, or more than one."""
    known = sorted(formats, key=lambda each: each.name)
    fitting = fits(header, known)
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InvalidInput(
            f"The columns fit more than one format: {_listed(fitting)}.",
            hint="Name the format of the file.",
        )
    if reason := why_refused(header):
        raise InvalidInput(reason.message, hint=reason.hint)
    names = ", ".join(shown(name) for name in header[:_SHOWN_NAMES])
    more = f" and {len(header) - _SHOWN_NAMES} more" if len(header) > _SHOWN_NAMES else ""
    raise InvalidInput(
        f"No known format has the columns {names}{more}. Known formats: {_listed(known)}.",
        hint="Rename the columns to those of the generic CSV; it needs post_id and one metric, e.g. views. A "
        "network's own export has to be made with its page in English (docs/import.md).",
    )


def fits(header: Sequence[str], formats: Iterable[FileFormat]) -> list[FileFormat]:
    """The formats that know this header, by name."""
    return [each for each in sorted(formats, key=lambda each: each.name) if each.detect(header)]


def named(name: str, formats: Iterable[FileFormat]) -> FileFormat:
    """The format of that name. Raises InvalidInput that lists the names there are."""
    known = sorted(formats, key=lambda each: each.name)
    for each in known:
        if each.name == name:
            return each
    raise InvalidInput(f"There is no format {shown(name)}. Known formats: {_listed(known)}.")


def _listed(formats: Iterable[FileFormat]) -> str:
    return ", ".join(f"{each.name} ({each.title})" for each in formats) or "none"
