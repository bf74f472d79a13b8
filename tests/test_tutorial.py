"""docs/write-a-provider.md suffices: its code alone, from the page to a folder of plugins, passes the kit."""

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "write-a-provider.md"
PACKAGE = "tutorialnet"


def files_of_the_page() -> dict[str, str]:
    """File name -> its blocks one below the other, for every module that a heading names."""
    found: dict[str, str] = {}
    for section in re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        named = re.match(r".*?`(\w+\.py)`", section.partition("\n")[0])
        if named:
            blocks = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
            found[named[1]] = "\n\n".join(blocks)
    return found


def test_the_pages_code_is_a_provider_that_passes_the_kit(tmp_path: Path) -> None:
    files = files_of_the_page()
    assert {"__init__.py", "payloads.py", "errors.py", "provider.py", "emulator.py"} == set(files)
    folder = tmp_path / "plugins"
    # The name of the package alone is another one: that of the page is installed here.
    for name, text in files.items():
        target = folder / f"{PACKAGE}.py" if name == "__init__.py" else folder / f"_{PACKAGE}" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace("afterpost_sample", f"_{PACKAGE}"), encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AFTERPOST_")}

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "afterpost", "--plugins-dir", str(folder), *words],
            cwd=tmp_path,
            env={**inherited, "AFTERPOST_DATA_DIR": str(tmp_path / "data"), "AFTERPOST_BLOCK": "sample"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "Sample" in run("plugins")
    assert " 0 FAILED" in run("provider", "check", PACKAGE)
