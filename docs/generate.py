"""Rewrite the generated parts of the documents: what stands between `<!-- generated: NAME -->` and `<!-- end -->`.

`python docs/generate.py` rewrites; with `--check` it changes nothing and exits with 1 if a document has drifted.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from gcm_graph.cli import cli
from gcm_graph.content import shipped
from gcm_graph.formats import GRAPHS, ROWS
from gcm_graph.questions import answer, load, plain, question_names
from gcm_graph.reasoning import open_graph

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ("README.md", "README.es.md", "docs/annotation.md")
_PART = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def commands(_language: str) -> str:
    """Return a table of the commands with the first line of their help."""
    rows = [f"| `{name}` | {(command.help or '').splitlines()[0]} |" for name, command in sorted(cli.commands.items())]
    return "\n".join(["| command | does |", "|---|---|", *rows])


def questions(language: str) -> str:
    """Return a table of the questions with what they ask and their parameters."""
    content = shipped()
    head = "| pregunta | qué responde | parámetros |" if language == "es" else "| question | asks | parameters |"
    rows = []
    for name in question_names(content):
        question = load(content, name)
        names = " ".join(f"`{p}`" for p in question.parameters if p != "lang")
        rows.append(f"| `{name}` | {question.summary[language]} | {names} |")
    return "\n".join([head, "|---|---|---|", *rows])


def formats(_language: str) -> str:
    """Return a table of the formats."""
    rows = [f"| `{f.name}` | {f.media_type} | {what} |" for what, table in (("rows", ROWS), ("graphs", GRAPHS)) for f in table.values()]
    return "\n".join(["| format | media type | for |", "|---|---|---|", *rows])


def flagship(language: str) -> str:
    """Return the flagship answer as the command line prints it in a terminal of 120 columns."""
    command = [
        str(Path(sys.executable).with_name("gcm-graph")), "ask", "provisions-protecting-a-group",
        "group=unaccompanied-migrant-children", "submission=guatemala-2017", "--format", "table", "--lang", language,
    ]  # fmt: skip
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = "\n".join(line.rstrip() for line in printed.splitlines())
    summary = "La respuesta, tal como se imprime" if language == "es" else "The answer, as it prints"
    return f"<details open><summary>{summary}</summary>\n\n```text\n{lines}\n```\n\n</details>"


def agreement(_language: str) -> str:
    """Return a table of the agreement between the two readers."""
    content = shipped()
    with tempfile.TemporaryDirectory() as folder:
        store = open_graph(content, Path(folder) / "store")
        rows = answer(store, load(content, "agreement-between-readers"), {}).rows
        table = [f"| {field} | {items} | {agreed} | {kappa} |" for field, kappa, agreed, items, _ in (map(plain, row) for row in rows)]
    return "\n".join(["| field | decisions | agreement | kappa |", "|---|---:|---:|---:|", *table])


PARTS: dict[str, Callable[[str], str]] = {f.__name__: f for f in (commands, questions, formats, flagship, agreement)}


def rewritten(document: str) -> str:
    """Return a document with its generated parts made anew."""
    language = "es" if document.endswith(".es.md") else "en"
    text = (ROOT / document).read_text("utf-8")
    return _PART.sub(lambda m: f"{m[1]}{PARTS[m['name']](language)}\n{m[3]}", text)


def main() -> int:
    """Rewrite the documents, or only say which have drifted."""
    drifted = [document for document in DOCUMENTS if rewritten(document) != (ROOT / document).read_text("utf-8")]
    for document in drifted:
        if "--check" in sys.argv:
            print(f"{document} has drifted: run make docs")
        else:
            (ROOT / document).write_text(rewritten(document), "utf-8")
    return int("--check" in sys.argv and bool(drifted))


if __name__ == "__main__":
    raise SystemExit(main())
