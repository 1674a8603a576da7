"""Names: every one declared, every prefix the same everywhere, every term asked for or constrained."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from pyoxigraph import NamedNode, RdfFormat, parse

from gcm_graph.content import Content, shipped
from gcm_graph.vocabulary import BASE, PREFIXES, SCHEMES, expand

ROOT = shipped().root
TURTLE = [p for folder in ("ontology", "instances", "shapes") for p in sorted((ROOT / folder).rglob("*.ttl"))]
QUERIES = sorted((ROOT / "queries").rglob("*.rq"))
PYTHON = sorted((ROOT / "gcm_graph").glob("*.py"))
_NAME = re.compile(rf"(?<![\w/:?.-])({'|'.join(map(re.escape, sorted(PREFIXES, key=len, reverse=True)))}):([A-Za-z][\w-]*)")


def declared() -> set[str]:
    names = {f"{BASE}/ontology", f"{BASE}/shapes"}
    for file in TURTLE:
        names |= {t.subject.value for t in parse(path=str(file), format=RdfFormat.TURTLE) if isinstance(t.subject, NamedNode)}
    assert len(names) > 2000
    return names


def bare(query: str) -> str:
    """Return a query without comments, strings and IRIs."""
    return re.sub(r"#[^\n]*|\"[^\"\n]*\"|<[^>\s]*>", " ", query)


def test_the_files_are_found() -> None:
    assert len(TURTLE) > 40
    assert len(QUERIES) > 20
    assert len(PYTHON) > 12


def test_every_prefix_is_declared_as_in_the_one_table() -> None:
    pattern = re.compile(r"^\s*(?:@prefix|PREFIX)\s+([\w.-]*):\s*<([^>]*)>", re.MULTILINE | re.IGNORECASE)
    seen = set()
    for file in (*TURTLE, *QUERIES):
        for prefix, namespace in pattern.findall(file.read_text("utf-8")):
            assert PREFIXES.get(prefix) == namespace, f"{file.name}: {prefix}:"
            seen.add(prefix)
    assert "gcm" in seen
    assert "" not in seen


def test_every_name_of_ours_in_turtle_is_declared() -> None:
    known = declared()
    for file in TURTLE:
        for triple in parse(path=str(file), format=RdfFormat.TURTLE):
            for node in (triple.predicate, triple.object):
                if isinstance(node, NamedNode) and node.value.startswith(f"{BASE}/"):
                    assert node.value in known, f"{file.name}: {node.value}"


def test_every_name_of_ours_in_a_query_is_declared() -> None:
    known = declared()
    for file in QUERIES:
        names = {expand(f"{prefix}:{local}") for prefix, local in _NAME.findall(bare(file.read_text("utf-8")))}
        for name in names:
            assert not name.startswith(f"{BASE}/") or name in known, f"{file.name}: {name}"


def test_every_name_of_ours_in_the_package_is_declared() -> None:
    known = declared()
    found = set()
    for file in PYTHON:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for prefix, local in _NAME.findall(node.value):
                    if prefix in ("gcm", "gcmid", *SCHEMES):
                        found.add((file.name, expand(f"{prefix}:{local}")))
    assert len(found) > 20
    examples = {"gcm_graph.cli", "gcm-graph"}
    for name, iri in found:
        assert iri in known or iri.rpartition("/")[2] in examples, f"{name}: {iri}"


def test_every_term_of_the_ontology_is_asked_for_or_constrained() -> None:
    used = set()
    for file in QUERIES:
        used |= {expand(f"{p}:{n}") for p, n in _NAME.findall(bare(file.read_text("utf-8")))}
    for file in (ROOT / "shapes").glob("*.ttl"):
        used |= {expand(f"{p}:{n}") for p, n in _NAME.findall(file.read_text("utf-8"))}
    terms = {name for name in declared() if name.startswith(f"{BASE}/ontology#")}
    assert len(terms) > 120
    assert sorted(terms - used) == []


def test_turtle_is_formatted() -> None:
    folders = [str(ROOT / folder) for folder in ("ontology", "instances", "shapes")]
    command = [str(Path(sys.executable).with_name("turtlefmt")), "--check", *folders]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "run: make format\n" + done.stdout + done.stderr


def test_a_file_mints_names_under_its_own_graph_only(content: Content) -> None:
    is_a = NamedNode(expand("rdf:type"))
    for file in content.files():
        if file.name.startswith("instances/"):
            for triple in parse(path=str(file.path), format=RdfFormat.TURTLE):
                if triple.predicate == is_a and isinstance(triple.subject, NamedNode):
                    assert triple.subject.value == file.graph or triple.subject.value.startswith(f"{file.graph}/"), triple.subject


def test_no_statement_stands_in_two_graphs(content: Content) -> None:
    seen: dict[str, str] = {}
    for file in content.files():
        for triple in parse(path=str(file.path), format=RdfFormat.TURTLE):
            if isinstance(triple.subject, NamedNode):
                assert seen.setdefault(str(triple), file.graph) == file.graph, triple


def test_content_has_no_blank_nodes(content: Content) -> None:
    for file in content.files():
        if file.name.startswith("instances/"):
            for triple in parse(path=str(file.path), format=RdfFormat.TURTLE):
                assert isinstance(triple.subject, NamedNode), file.name


def test_concepts_have_code_label_and_definition_in_both_languages(content: Content) -> None:
    for scheme in SCHEMES:
        file = content.root / "instances" / "vocabulary" / f"{scheme}.ttl"
        about: dict[str, dict[str, list[str]]] = {}
        for t in parse(path=str(file), format=RdfFormat.TURTLE):
            name = t.predicate.value.rpartition("#")[2]
            about.setdefault(str(t.subject), {}).setdefault(name, []).append(getattr(t.object, "language", None) or str(t.object))
        concepts = {iri: facts for iri, facts in about.items() if "inScheme" in facts}
        assert len(concepts) > 1, scheme
        for iri, facts in concepts.items():
            assert sorted(facts["prefLabel"]) == ["en", "es"], iri
            assert sorted(facts["definition"]) == ["en", "es"], iri
            assert facts["notation"] == [f'"{iri.strip("<>").rpartition("/")[2]}"'], iri


def test_every_fixed_code_of_the_design_is_there(content: Content) -> None:
    fixed = {
        "kind": "commitment objective principle recognition definition-element",
        "form": "bullet prose",
        "role": "origin transit destination return",
        "bearer": "states origin-states transit-states destination-states return-states developed-states international-community compact "
        "iom migrants not-stated",
        "group": "all-persons migrants vulnerable-migrants migrant-children unaccompanied-migrant-children migrant-women migrant-workers "
        "temporary-migrant-workers migrant-women-workers older-migrants migrants-with-disabilities lgbti-migrants trafficking-victims "
        "migrant-trafficking-victims potential-trafficking-victims smuggled-migrants slavery-victims irregular-migrants regular-migrants "
        "migrants-in-transit returned-migrants climate-displaced-migrants disaster-displaced-migrants conflict-displaced-migrants "
        "migrant-families diaspora remittance-recipients communities-of-origin",
        "measure": "legislation programme campaign data cooperation capacity finance guideline protection enforcement regularisation "
        "recognition participation institutional other",
        "stage": "origin transit border destination return reintegration third-country all",
        "basis": "explicit broader-group universal vulnerable-group conditional",
        "strength": "must should necessary essential priority considers proposes calls-on implies affirms describes may commits intends "
        "plans seeks supports",
        "quantifier": "all all-any-status generic generic-any-status open-list indefinite",
        "term": "safe orderly regular responsible",
        "theme": "human-rights climate-and-crises cooperation-and-governance contributions-and-remittances smuggling-and-trafficking "
        "labour-and-regular-pathways children-and-adolescents non-detention",
    }
    known = declared()
    for scheme, names in fixed.items():
        for code in names.split():
            assert expand(f"{scheme}:{code}") in known, f"{scheme}:{code}"
