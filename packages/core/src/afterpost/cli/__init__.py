"""The command line: the same services as the API, as commands with readable tables and `--json`.

Exit codes: 0 done, 1 an expected failure (a sentence and a hint on stderr), 2 wrong usage, 130 interrupted.
"""

from afterpost.cli.main import run
from afterpost.cli.wiring import Wiring

__all__ = ["Wiring", "run"]
