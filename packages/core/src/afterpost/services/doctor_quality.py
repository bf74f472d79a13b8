"""The doctor's look at the numbers themselves: what is doubtful in the last complete days."""

from afterpost.domain.quality import Flaw
from afterpost.domain.scope import Scope
from afterpost.domain.windows import DEFAULT_DAYS
from afterpost.services.core import Core
from afterpost.services.findings import Finding, ok, warning
from afterpost.services.quality import quality as doubts

WARNINGS = 5
"""Warnings that are told one by one; with more, they are counted."""


def quality(core: Core, scope: Scope) -> list[Finding]:
    """The warnings about the numbers of the last 7 complete days."""
    flaws, _, meta = doubts(core, scope, severity="warning", limit=WARNINGS)
    if not meta.warnings:
        noted = f", {meta.notes:,} small things noted" if meta.notes else ""
        return [ok("quality", f"nothing doubtful in the last {DEFAULT_DAYS} days{noted}")]
    sentences = [_sentence(flaw) for flaw in flaws]
    if meta.warnings > len(flaws):
        sentences.append(f"{meta.warnings - len(flaws):,} more warnings.")
    last = sentences.pop()
    return [
        *(warning("quality", sentence) for sentence in sentences),
        warning("quality", last, "afterpost quality --warnings names the posts to look at"),
    ]


def _sentence(flaw: Flaw) -> str:
    return f"{flaw.platform} {flaw.account or 'without an account'}, {flaw.day}: {flaw.sentence}"
