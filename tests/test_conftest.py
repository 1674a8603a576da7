import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import UNSET


@pytest.mark.parametrize(
    ("skip", "ci", "code"),
    [
        ("pytest.skip('no virtuoso')", "true", 1),
        ("pytest.skip('no virtuoso')", "", 0),
        (f"pytest.skip('{UNSET}')", "true", 0),
        (f"pytest.skip('{UNSET}', allow_module_level=True)", "true", 5),
        ("pytest.skip('no module', allow_module_level=True)", "true", 1),
        ("pytest.xfail('known')", "true", 0),
    ],
)
def test_a_skip_fails_the_run_only_with_ci_and_only_without_the_one_reason(tmp_path: Path, skip: str, ci: str, code: int) -> None:
    (tmp_path / "conftest.py").write_text(Path(__file__).with_name("conftest.py").read_text("utf-8"), "utf-8")
    body = f"{skip}\n" if "module_level" in skip else f"def test_it():\n    {skip}\n"
    (tmp_path / "test_it.py").write_text(f"import pytest\n{body}", "utf-8")
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(run, cwd=tmp_path, env=os.environ | {"CI": ci}, capture_output=True, text=True)
    assert done.returncode == code, done.stdout
    assert ("SKIPPED WITH CI=true" in done.stdout) == (code == 1)
