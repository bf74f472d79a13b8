#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["nox"]
# ///
"""The one runner: whatever is done to this repository is a session here.

    python3 noxfile.py                 the README's test command: every session that CI runs
    python3 noxfile.py demo            Afterpost itself, running on made-up posts
    python3 noxfile.py core -- -k x    sessions by name; what follows `--` goes to the tool
    python3 noxfile.py -l              every session

Python 3.11 or newer with pip is all it needs: run as a script, this file puts nox and uv into `.venv` and
hands over to the nox there. `nox` and `uv run nox` do the same work.

Every session shares that one `.venv`: the workspace's distributions (editable) and the `dev` group, pinned by
`constraints.txt`. nox would make an environment a session, here the same packages installed five times. What
has to be tried without them, core's wheel alone, makes its own clean environment (`tests/smoke`).
"""

import sys

# This file has to parse on older ones to say so: no `:=`, no `match`.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("Afterpost needs Python 3.11 or newer; this is Python {}.{}.".format(*sys.version_info[:2]))

import hashlib
import os
import subprocess
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import NoReturn

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = str(BIN / ("python.exe" if os.name == "nt" else "python"))
CONSTRAINTS = str(HERE / "constraints.txt")

os.environ.setdefault("UV_PYTHON_PREFERENCE", "only-system")  # else uv may download an interpreter

# --- the environment, with nothing but the standard library ---


def make_environment() -> None:
    """Make `.venv` with nox and uv in it, unless it is there; end with one sentence where that fails."""
    probe = (
        "import sys; from importlib.util import find_spec;"
        "sys.exit(9 if sys.version_info < (3, 11) else sum(not find_spec(name) for name in ('nox', 'uv')))"
    )
    with one_at_a_time():
        try:
            missing = subprocess.run([PYTHON, "-I", "-c", probe], capture_output=True).returncode
        except OSError:  # there is no such file, or it points to an interpreter that is gone
            missing = -1
        if missing == 0:
            return
        if missing == 9:
            sys.exit(f"{VENV} is of a Python older than 3.11; remove it and run this again.")
        # An environment that works lacks a package at most, and is never cleared: uv or a person made it.
        if missing not in (1, 2):
            clear_environment()
        print("Making .venv (once, some seconds) …", file=sys.stderr, flush=True)
        problem = pip_install("nox[uv]")
        if problem:
            sys.exit(
                f"pip could not install nox into .venv ({problem}). "
                "Is a package index in reach? Check the network and `pip config list`, then run this again."
            )


def clear_environment() -> None:
    """Make `.venv` anew, empty; a folder that never was an environment is left alone."""
    try:
        if VENV.exists() and not (VENV / "pyvenv.cfg").exists() and any(VENV.iterdir()):
            sys.exit(f"{VENV} is not a Python environment; move it away and run this again.")
        venv.EnvBuilder(clear=True, symlinks=os.name != "nt").create(VENV)
    except (OSError, ValueError) as error:
        sys.exit(f"Could not make {VENV}: {error}.")


def pip_install(*arguments: str) -> str:
    """Install into `.venv` with pip, pinned; returns what went wrong in one line, or nothing."""
    # PYTHONWARNINGS=error kills pip itself; the others make it look or install somewhere else.
    env = environment_without("PYTHONWARNINGS", "PIP_USER", "PIP_TARGET", "PIP_PREFIX")
    # The pip that is there already serves: one in .venv takes seconds to make, and Debian splits it off.
    if find_spec("pip"):
        pip = [sys.executable, "-m", "pip", "--python", PYTHON]
    else:
        subprocess.run([PYTHON, "-m", "ensurepip"], env=env, capture_output=True)
        pip = [PYTHON, "-m", "pip"]
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "--no-input", "-c", CONSTRAINTS]
    done = subprocess.run([*command, *arguments], env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it gave no reason"])[-1]


def environment_without(*names: str) -> dict[str, str]:
    """The environment of this process, less what would make an interpreter load other people's modules, or
    compile every module it loads at every start, which takes it seconds and the tests start it often."""
    unwanted = {"PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", *names}
    return {name: value for name, value in os.environ.items() if name not in unwanted}


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the lock on this checkout's `.venv`: two starts at once would both make it."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    (HERE / ".nox").mkdir(exist_ok=True)
    with (HERE / ".nox" / "environment.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def start(words: list[str]) -> NoReturn:
    """Become the nox of `.venv`: leading words are sessions, everything else is nox's own."""
    make_environment()
    count = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    sessions = ["-s", *words[:count]] if count else []
    command = [PYTHON, "-m", "nox", "-f", __file__, *sessions, *words[count:]]
    if os.name == "nt":  # exec there returns to the shell at once and loses the exit code
        sys.exit(subprocess.run(command, env=environment_without()).returncode)
    os.execve(PYTHON, command, environment_without())


if __name__ == "__main__":
    start(sys.argv[1:])

# --- the sessions: only nox itself comes this far ---

import nox  # noqa: E402

nox.options.default_venv_backend = "none"  # all share .venv, see above
nox.options.sessions = [
    "lint",
    "types",
    "contracts",
    "docs",
    "core",
    "ee",
    "providers",
    "house",
    "smoke",
]

DISTS = sorted(
    path.parent
    for pattern in ("*", "providers/*")
    for path in HERE.glob(f"packages/{pattern}/pyproject.toml")
)
STAMP = VENV / ".prepared"


def prepare(session: nox.Session, group: str = "dev") -> None:
    """See to it that `.venv` holds every distribution, editable, and a dependency group beside them.

    uv does it where something changed since the last time. It does not read pip's settings, so where only pip
    knows an index, pip gets its turn.
    """
    make_environment()
    with one_at_a_time():
        if STAMP.exists() and STAMP.read_text() in (f"{state()} {group}", f"{state()} dev"):
            return
        session.log("bringing .venv up to date")
        dists = [word for dist in DISTS for word in ("-e", str(dist))]
        uv = [PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON]
        pins = ["-c", CONSTRAINTS, "-b", CONSTRAINTS]
        groups = ["--group", group] if group else []
        env = environment_without("PYTHONWARNINGS")  # builds run under it
        if subprocess.run([*uv, *pins, *dists, *groups], cwd=HERE, env=env).returncode:
            session.warn("uv could not; trying pip")
            workspace = nox.project.load_toml(HERE / "pyproject.toml")
            wanted = nox.project.dependency_groups(workspace, group) if group else ()
            problem = pip_install(*dists, *wanted)
            if problem:
                session.error(f"neither uv nor pip could install what is needed ({problem})")
        STAMP.write_text(f"{state()} {group}")


def state() -> str:
    """What `.venv` should hold and what it does hold, as one digest: cheap to ask, and no network needed."""
    digest = hashlib.sha256(str(HERE).encode())
    for path in (HERE / "constraints.txt", *(place / "pyproject.toml" for place in (HERE, *DISTS))):
        digest.update(path.read_bytes())
    for packages in (*VENV.glob("lib/*/site-packages"), *VENV.glob("Lib/site-packages")):
        digest.update(" ".join(sorted(path.name for path in packages.glob("*.dist-info"))).encode())
    return digest.hexdigest()


def activated() -> dict[str, str]:
    """The environment with `.venv` active, whoever started nox."""
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    return environment_without() | {"VIRTUAL_ENV": str(VENV), "PATH": path}


def run(
    session: nox.Session,
    *command: str,
    success: tuple[int, ...] = (0,),
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a command of `.venv`; `env`: further environment variables."""
    whole = activated() | dict(env or {})
    session.run(*command, env=whole, include_outer_env=False, external=True, success_codes=success)


AT_ONCE = ("-n", "auto", "--dist=worksteal")
"""For pytest; `-- -n0` after a session's name runs its tests one by one, as a debugger wants them."""


def pytest(session: nox.Session, *where: str, at_once: bool = False, **env: str) -> None:
    """Run pytest there, or on the files and folders that the caller named. `at_once`: on every CPU."""
    prepare(session)
    files = [word for word in session.posargs if "/" in word and (HERE / word.partition("::")[0]).exists()]
    words = (*(AT_ONCE if at_once else ()), *(() if files else where), *session.posargs)
    run(session, PYTHON, "-m", "pytest", *words, env=env)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and likely bugs, with ruff; `fmt` mends most of what it finds."""
    prepare(session)
    run(session, PYTHON, "-m", "ruff", "check", *session.posargs)
    run(session, PYTHON, "-m", "ruff", "format", "--check", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Strict types, in the sources and in the tests."""
    prepare(session)
    run(session, PYTHON, "-m", "mypy", *session.posargs)


@nox.session
def contracts(session: nox.Session) -> None:
    """The floors: which module may import which."""
    prepare(session)
    # Not its script: that one points to where this folder stood before somebody moved it.
    lint_imports = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    run(session, PYTHON, "-c", lint_imports, "--no-logo", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """What is generated in the docs is what the code says; `-- -r` writes it anew."""
    prepare(session)
    options = session.posargs or ["--check"]
    pages = ("docs/hooks.md", "docs/backbone.md", "docs/conformance.md", "docs/write-a-provider.md")
    run(session, PYTHON, "-m", "cogapp", "-I", ".", *options, *pages)


@nox.session
def core(session: nox.Session) -> None:
    """Core's tests, with every other distribution installed and blocked; `house` has the invariants."""
    where = ("packages/core/tests", "-m", "not invariant")
    pytest(session, *where, at_once=True, AFTERPOST_PLUGINS="off")


@nox.session
def ee(session: nox.Session) -> None:
    """The tests of afterpost-ee, on SQLite and on a real PostgreSQL server."""
    pytest(session, "packages/ee/tests", at_once=True)


@nox.session
def providers(session: nox.Session) -> None:
    """The tests of every provider; `-- packages/providers/youtube` runs one's."""
    pytest(session, "packages/providers", at_once=True)


@nox.session
def house(session: nox.Session) -> None:
    """What needs two distributions or none, and the invariants of the numbers on 2,000 histories each."""
    others = ("smoke", "replay", "realserver", "bench", "floors", "fuzz", "power")
    own = [f"--ignore=tests/{name}" for name in others]
    pytest(session, "tests", *own, at_once=True)
    if not session.posargs:
        # Each worker takes half of them as they come; in this order the halves take about as long.
        files = sorted(HERE.glob("packages/core/tests/properties/test_*.py"))
        files.sort(key=lambda file: file.name != "test_facts.py")
        properties = (*(str(file.relative_to(HERE)) for file in files), "-m", "invariant")
        pytest(session, *properties, at_once=True, AFTERPOST_PLUGINS="off", HYPOTHESIS_PROFILE="house")


@nox.session
def floors(session: nox.Session) -> None:
    """Each plugin's tests with the lowest versions it says it works with, core's among them."""
    pytest(session, "tests/floors", "-s")


@nox.session
def postgres(session: nox.Session) -> None:
    """The tests of storage and of the whole way through, and the replay, on a real PostgreSQL server."""
    own = [f"--ignore=tests/{name}" for name in ("realserver", "bench", "floors", "fuzz", "power")]
    pytest(session, "packages/core/tests", "tests", *own, AFTERPOST_TEST_ENGINE="postgresql")


@nox.session
def smoke(session: nox.Session) -> None:
    """What a user does first, on what a user gets: core's wheel alone in a clean environment."""
    pytest(session, "tests/smoke")


@nox.session
def replay(session: nox.Session) -> None:
    """Real history, played back through the whole system."""
    pytest(session, "tests/replay", "-s")


@nox.session
def realserver(session: nox.Session) -> None:
    """Bluesky's own server on this machine, and our provider collecting from it; needs Node.js and npm."""
    if not (which("node") and which("npm")):
        session.error("Bluesky's own server runs on Node.js: install Node.js 20 or newer with npm first.")
    here = HERE / "tests" / "realserver"
    wanted, installed = here / "package-lock.json", here / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        session.log("installing Bluesky's server (once, some minutes)")
        session.run("npm", "ci", "--prefix", str(here), external=True)
    pytest(session, "tests/realserver")


@nox.session
def fuzz(session: nox.Session) -> None:
    """5,000 requests made up from the API's own description: none is answered 5xx."""
    pytest(session, "tests/fuzz", "-s")


@nox.session
def bench(session: nox.Session) -> None:
    """How fast it is, in figures."""
    pytest(session, "tests/bench", "-s")


@nox.session
def power(session: nox.Session) -> None:
    """How often posting-time advice is right, wrong or silent, on simulated accounts."""
    pytest(session, "tests/power", "-s")


@nox.session
def demo(session: nox.Session) -> None:
    """Afterpost itself, running on made-up posts; its data stays in .afterpost."""
    prepare(session, group="")
    os.environ.setdefault("AFTERPOST_DATA_DIR", str(HERE / ".afterpost"))
    command = [str(BIN / "afterpost"), "demo", *session.posargs]
    if os.name == "nt":
        run(session, *command)
        return
    # Become it, so that signals and exit code are its own: nox would leave it running when stopped itself.
    session.log(" ".join(command))
    os.execve(command[0], command, activated())


@nox.session
def dev(session: nox.Session) -> None:
    """The environment for an editor or a shell, and nothing else."""
    prepare(session)
    session.log(f"ready: {BIN}")


@nox.session
def fmt(session: nox.Session) -> None:
    """Mend what ruff can mend."""
    prepare(session)
    run(session, PYTHON, "-m", "ruff", "check", "--fix", "--quiet", *session.posargs, success=(0, 1))
    run(session, PYTHON, "-m", "ruff", "format", *session.posargs)


@nox.session
def constraints(session: nox.Session) -> None:
    """Resolve constraints.txt for every Python and platform; `-- --upgrade` takes newer versions."""
    make_environment()
    names = [nox.project.load_toml(dist / "pyproject.toml")["project"]["name"] for dist in DISTS]
    ours = [word for name in names for word in ("--no-emit-package", name)]
    os.environ["UV_CUSTOM_COMPILE_COMMAND"] = "python3 noxfile.py constraints"  # stands at the file's head
    uv = [PYTHON, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    what = ["pyproject.toml", "--group", "dev", "--no-annotate", "-o", "constraints.txt"]
    run(session, *uv, *what, *ours, *session.posargs)
