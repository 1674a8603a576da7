"""Whether the content is sound: it parses, mints and uses names as it should, repeats nothing, and keeps the shapes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pyoxigraph import NamedNode, Quad

from gcm_graph.content import Content, ContentFile
from gcm_graph.errors import Refusal
from gcm_graph.sources import Sources
from gcm_graph.store import parse_file
from gcm_graph.validation import FileReport, report_text, validate
from gcm_graph.vocabulary import BASE, compact, expand


@dataclass(frozen=True)
class Check:
    """One thing looked at: its name, what is wrong (nothing if sound), and what could not be checked."""

    name: str
    problems: list[str]
    unchecked: list[str]


def check(content: Content, sources: Sources, tell: Callable[[str], None] = lambda _: None) -> list[Check]:
    """Check all content and return what was found, one Check for each thing looked at.

    `tell` is given the name of each before it is begun.
    """
    tell("files")
    parsed, broken = _parse_all(content)
    checks = [Check("every file is Turtle", broken, [])]
    for name, looked_at in (
        ("a file mints names only under its graph's own", _minting),
        ("every name of ours is declared", _declaring),
        ("no statement stands in two graphs", _repeating),
    ):
        tell(name)
        checks.append(Check(name, list(looked_at(parsed)), []))
    tell("shapes")
    checks.append(_shapes(content, sources))
    return checks


def _parse_all(content: Content) -> tuple[dict[ContentFile, list[Quad]], list[str]]:
    parsed, broken = {}, []
    for file in content.files():
        try:
            parsed[file] = parse_file(file)
        except Refusal as refusal:
            broken.append(refusal.message)
    return parsed, broken


def _minting(parsed: dict[ContentFile, list[Quad]]) -> Iterator[str]:
    is_a = expand("rdf:type")
    for file, quads in parsed.items():
        if file.name.startswith("instances/"):
            for iri in {q.subject.value for q in quads if q.predicate.value == is_a and isinstance(q.subject, NamedNode)}:
                if iri != file.graph and not iri.startswith(f"{file.graph}/"):
                    yield f"{file.name}: {iri} is outside {file.graph}/"


def _declaring(parsed: dict[ContentFile, list[Quad]]) -> Iterator[str]:
    declared = {q.subject.value for quads in parsed.values() for q in quads if isinstance(q.subject, NamedNode)}
    declared |= {f"{BASE}/ontology", f"{BASE}/shapes"}
    for file, quads in parsed.items():
        used = {n.value for q in quads for n in (q.predicate, q.object) if isinstance(n, NamedNode)}
        for iri in sorted(n for n in used if n.startswith(f"{BASE}/") and n not in declared):
            yield f"{file.name}: {compact(iri)} is used but declared nowhere"


def _repeating(parsed: dict[ContentFile, list[Quad]]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for file, quads in parsed.items():
        for quad in quads:
            if isinstance(quad.subject, NamedNode):
                key = str(quad.triple)
                if seen.setdefault(key, file.graph) != file.graph:
                    yield f"{file.name}: {key} stands in {seen[key]}, too"


def _shapes(content: Content, sources: Sources) -> Check:
    paths = [f.path for f in content.files() if f.name.startswith(("instances/submissions/", "instances/interpretations/"))]
    reports: list[FileReport] = validate(paths, content, sources)
    problems = [report_text([r], "en").strip() for r in reports if not r.conforms]
    unchecked = sorted({f"{u['code']} of {r.file.rpartition('/')[2]}: {u['reason']}" for r in reports for u in r.unchecked})
    return Check("submissions keep the shapes", problems, unchecked)
