"""A command at a real (pseudo-)terminal, with somebody who types."""

import os
import subprocess
import sys
from collections.abc import Iterable

from packages.core.tests.cli.kit import ROOT, Cli


def at_terminal(cli: Cli, words: Iterable[str], typed: Iterable[str], **env: str) -> tuple[int, str]:
    """The exit code and everything that was shown. Each text is typed when something ends with `: `."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from packages.core.tests.cli.kit import main; main()", *words],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm", **cli.environment, **env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(theirs)
    shown = ""
    try:
        # A prompt is waited for: what is typed before it would be shown by the terminal itself.
        for answer in typed:
            shown += _until(ours, ": ")
            os.write(ours, answer.encode())
        shown += _until(ours, None)
        return process.wait(timeout=30), shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _take_terminal() -> None:
    """Make it the terminal of the new session, or Ctrl-C would reach nobody."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _until(terminal: int, end: str | None) -> str:
    """What is shown up to a text, or to the end."""
    shown = ""
    while end is None or not shown.endswith(end):
        try:
            data = os.read(terminal, 1024)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not data:
            break
        shown += data.decode(errors="replace")
    return shown
