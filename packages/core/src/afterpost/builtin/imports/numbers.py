"""Numbers as files write them, exact, and refused where they could mean two things."""

import re
from decimal import ROUND_HALF_UP, Decimal

from afterpost.builtin.imports.cells import CellError, shown
from afterpost.domain.metrics import MAX_COUNT

_MAX_LENGTH = 40
_SPACES = "\u0020\u00a0\u202f"
_PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?")
_GROUPED = re.compile(rf"[+-]?[1-9][0-9]{{0,2}}(?:(?:,[0-9]{{3}})+|(?:[{_SPACES}][0-9]{{3}})+)(?:\.[0-9]*)?")
_EUROPEAN = re.compile(
    # Points between groups and a comma before the fraction, where nothing else can be meant.
    r"[+-]?(?:[1-9][0-9]{0,2}(?:(?:\.[0-9]{3})+,[0-9]*|(?:\.[0-9]{3}){2,})|[0-9]+,(?:[0-9]{1,2}|[0-9]{4,})"
    r"|0,[0-9]+)"
)
_EXPONENT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,3}")
_DOT_GROUP = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")
_COMMA_GROUP = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}")


def count(cell: str, *, signed: bool = False) -> int:
    """A whole number: `1234`, `1,234`, `1 234`, `1.234.567`, `424.0`. Negative only where `signed`.

    `1.234` is refused: some write one thousand so, and a count has no fraction.
    """
    written = _written(cell)
    if _DOT_GROUP.fullmatch(written):
        raise CellError(f"{shown(cell)} could be meant with or without the point; write it without")
    if _EXPONENT.fullmatch(written):
        raise CellError(f"{shown(cell)} is rounded to an exponent; write every digit")
    value = _decimal(written, cell, signed=signed)
    if value != int(value):
        raise CellError(f"{shown(cell)} is not a whole number")
    return int(value)


def number(cell: str, *, signed: bool = False) -> Decimal:
    """A number with a fraction: `12.5`, `1,234.5`, `12,5`, `1.234,5`, `1e-3`. Negative only where `signed`.

    `1,234` is refused: it could be a fraction.
    """
    written = _written(cell)
    if _COMMA_GROUP.fullmatch(written):
        raise CellError(f"{shown(cell)} could be meant with or without the comma; write it without")
    return _decimal(written, cell, signed=signed)


def scaled(value: Decimal, factor: int) -> int:
    """`value` × `factor`, rounded half up: hours to seconds, money to millionths."""
    return int(_bounded(value * factor, str(value)).to_integral_value(ROUND_HALF_UP))


def level(value: Decimal) -> int | float:
    """A number in the type a reading carries: int where it is whole, else float."""
    return int(value) if value == int(value) else float(value)


def _written(cell: str) -> str:
    written = cell.strip().replace("\u2212", "-")
    if len(written) > _MAX_LENGTH:
        raise CellError(f"{shown(cell)} is no number")
    if _EUROPEAN.fullmatch(written):
        return written.replace(".", "").replace(",", ".")
    return written


def _decimal(written: str, cell: str, *, signed: bool) -> Decimal:
    if _GROUPED.fullmatch(written):
        written = re.sub(f"[,{_SPACES}]", "", written)
    elif not _PLAIN.fullmatch(written) and not _EXPONENT.fullmatch(written):
        raise CellError(f"{shown(cell)} is no number")
    value = _bounded(Decimal(written), cell)
    if value < 0 and not signed:
        raise CellError(f"{shown(cell)} is negative")
    return value


def _bounded(value: Decimal, cell: str) -> Decimal:
    if abs(value) > MAX_COUNT:
        raise CellError(f"{shown(cell)} is larger than {MAX_COUNT}")
    return value
