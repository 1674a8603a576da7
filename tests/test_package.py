"""The wheel carries the content: what is installed works in any folder, from what is in the wheel alone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from gcm_graph.content import Content


def test_an_unpacked_wheel_answers_in_an_empty_folder(content: Content, tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        cwd=content.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    [wheel] = (tmp_path / "dist").glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    for folder in ("ontology", "instances", "shapes", "queries"):
        shipped = {p.relative_to(content.root / folder) for p in (content.root / folder).rglob("*") if p.is_file()}
        packed = installed / "gcm_graph" / "content" / folder
        assert {p.relative_to(packed) for p in packed.rglob("*") if p.is_file()} == shipped
    empty = tmp_path / "empty"
    empty.mkdir()
    command = ["-m", "gcm_graph", "ask", "provisions-of-a-section", "section=IV.2", "--store", str(tmp_path / "store")]
    asked = subprocess.run(
        [sys.executable, *command],
        cwd=empty, env=os.environ | {"PYTHONPATH": str(installed), "HOME": str(empty)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert asked.returncode == 0, asked.stderr
    assert len(asked.stdout.splitlines()) == 8
    assert not list(empty.glob("*.*"))
