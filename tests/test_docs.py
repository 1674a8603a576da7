"""The documents are true: generated parts are as the program makes them, links lead somewhere, decisions have their parts."""

import re
import subprocess
import sys

import pytest

from gcm_graph.cli import cli
from gcm_graph.content import Content, shipped
from gcm_graph.questions import question_names

ROOT = shipped().root
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def test_generated_parts_have_not_drifted() -> None:
    done = subprocess.run([sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_within_the_project_lead_somewhere(document: object) -> None:
    assert len(DOCUMENTS) > 10
    from pathlib import Path

    path = Path(str(document))
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_both_readmes_name_every_question(content: Content) -> None:
    for name in ("README.md", "README.es.md"):
        text = (ROOT / name).read_text("utf-8")
        assert all(f"`{question}`" in text for question in question_names(content))


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert all(f"`{command}`" in text for command in cli.commands)


def test_decisions_say_status_context_decision_and_consequences() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = path.read_text("utf-8")
        assert all(f"**{part}" in text for part in ("Status", "Context", "Decision", "Consequences")), path.name
