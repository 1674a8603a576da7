"""What all tests share: the shipped content in a store filled once, the command line in process, and no silent skips."""

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Store
from rdflib import OWL, RDF, Graph, URIRef

from gcm_graph.cli import main
from gcm_graph.content import Content, shipped
from gcm_graph.session import Session

UNSET = "GCM_GRAPH_SOURCES is unset"


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    code: int
    stdout: str
    stderr: str
    data: bytes


Run = Callable[..., Outcome]


class _Terminal(io.TextIOWrapper):
    """A standard output that says it is a terminal, or that it isn't."""

    def __init__(self, terminal: bool) -> None:
        self.bytes = io.BytesIO()
        self._terminal = terminal
        super().__init__(self.bytes, encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(scope="session")
def content() -> Content:
    return shipped()


@pytest.fixture(scope="session")
def store_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "store"


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def store(store_directory: Path, empty_data: Path) -> Store:
    """The shipped content, opened as the command line opens it."""
    return Session(empty_data, str(store_directory), "en").store


@pytest.fixture(scope="session")
def sources_dir() -> Path:
    if not (folder := os.environ.get("GCM_GRAPH_SOURCES")):
        pytest.skip(UNSET)
    return Path(folder)


@pytest.fixture
def run(store: Store, store_directory: Path, empty_data: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line, in process, through its main function."""
    monkeypatch.setenv("GCM_GRAPH_STORE", str(store_directory))
    monkeypatch.setenv("GCM_GRAPH_DATA", str(empty_data))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def call(*arguments: str, stdin: str | bytes = "", terminal: bool = False, width: int = 120) -> Outcome:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        out, err = _Terminal(terminal), _Terminal(False)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["gcm-graph", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            patch.setenv("COLUMNS", str(width))
            code = 0
            try:
                main()
            except SystemExit as stop:
                code = int(stop.code or 0)
        data = out.bytes.getvalue()
        return Outcome(code, data.decode("utf-8", "replace"), err.bytes.getvalue().decode(), data)

    return call


TINY = {
    "ontology/gcm.ttl": """@prefix gcm: <https://w3id.org/gcm-graph/ontology#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
gcm:Submission a owl:Class .
""",
    "instances/vocabulary/group.ttl": """@prefix group: <https://w3id.org/gcm-graph/id/group/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix gcmid: <https://w3id.org/gcm-graph/id/> .
group:migrants a skos:Concept ; skos:inScheme gcmid:group ; skos:notation "migrants" .
""",
    "instances/submissions/x-2026.ttl": """@base <https://w3id.org/gcm-graph/id/x-2026/> .
@prefix gcm: <https://w3id.org/gcm-graph/ontology#> .
@prefix gcmid: <https://w3id.org/gcm-graph/id/> .
gcmid:x-2026 a gcm:Submission .
<A-b01> gcm:inSubmission gcmid:x-2026 .
""",
}


@pytest.fixture
def tiny(tmp_path: Path) -> Content:
    """A content root of three small files, free to be changed."""
    for name, text in TINY.items():
        path = tmp_path / "content" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, "utf-8")
    return Content(tmp_path / "content")


def hermit(graph: Graph, folder: Path, properties: bool) -> Any:
    """Return the owlready2 world of `graph` and of all that HermiT derives from it, for `properties` too if asked.

    Raise OwlReadyInconsistentOntologyError on a contradiction.
    """
    import owlready2

    classes = set(graph.subjects(RDF.type, OWL.Class))
    for subject, kind in list(graph.subject_objects(RDF.type)):
        if kind in classes and isinstance(subject, URIRef):
            graph.add((subject, RDF.type, OWL.NamedIndividual))  # owlready2 sees no individual without it
    file = folder / "reasoned.nt"
    graph.serialize(file, format="nt", encoding="utf-8")
    world = owlready2.World()
    loaded = world.get_ontology(file.as_uri()).load()
    with loaded:
        owlready2.sync_reasoner_hermit(world, infer_property_values=properties, debug=0)
    return world


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With CI=true a skipped test fails the run, unless the source texts, which aren't ours to ship, are what is missing."""
    if os.environ.get("CI") != "true":
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = [report for report in reporter.stats.get("skipped", []) if UNSET not in str(report.longrepr)] if reporter else []
    if reporter and skipped:
        reporter.write_line("")
        for report in skipped:
            reporter.write_line(f"SKIPPED WITH CI=true: {report.nodeid}: {report.longrepr[-1]}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
