"""The ontology: its profile, its consistency, and the habits that make it read as if by one hand."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import hermit
from rdflib import OWL, RDF, RDFS, SKOS, Graph, Literal, Namespace, URIRef

from gcm_graph.content import Content
from gcm_graph.vocabulary import PREFIXES

GCM = Namespace(PREFIXES["gcm"])
KINDS = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty)
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="no java: install default-jre-headless")


def graph_of(files: list[Path]) -> Graph:
    graph = Graph()
    for file in files:
        graph.parse(file, format="turtle")
    return graph


def ontology_files(content: Content) -> list[Path]:
    found = sorted((content.root / "ontology").glob("*.ttl"))
    assert len(found) == 8
    return found


def content_files(content: Content) -> list[Path]:
    found = [f.path for f in content.files() if f.name.startswith("instances/")]
    assert len(found) > 25
    return found


@pytest.fixture(scope="module")
def ontology(content: Content) -> Graph:
    return graph_of(ontology_files(content))


def terms(ontology: Graph) -> list[URIRef]:
    found = {s for kind in KINDS for s in ontology.subjects(RDF.type, kind) if isinstance(s, URIRef) and s in GCM}
    assert len(found) > 120
    return sorted(found)


def test_every_term_has_one_label_and_one_definition_in_each_language(ontology: Graph) -> None:
    for term in terms(ontology):
        for property_ in (RDFS.label, SKOS.definition):
            languages = sorted(o.language or "" for o in ontology.objects(term, property_) if isinstance(o, Literal))
            assert languages == ["en", "es"], (term, property_)
        for definition in ontology.objects(term, SKOS.definition):
            assert str(definition).endswith("."), term


def test_no_two_terms_of_one_kind_share_a_label(ontology: Graph) -> None:
    for kind in KINDS:
        for language in ("en", "es"):
            labels = [
                str(o).casefold()
                for s in ontology.subjects(RDF.type, kind)
                for o in ontology.objects(s, RDFS.label)
                if isinstance(o, Literal) and o.language == language
            ]
            assert len(labels) == len(set(labels))


def test_names_of_classes_begin_upper_and_of_properties_lower(ontology: Graph) -> None:
    for term in terms(ontology):
        name = term.removeprefix(str(GCM))
        is_class = (term, RDF.type, OWL.Class) in ontology
        assert name[0].isupper() == is_class, name
        assert name.isalnum(), name


def test_only_the_alignments_speak_of_other_vocabularies(content: Content) -> None:
    for file in ontology_files(content):
        foreign = [
            (s, o)
            for p in (RDFS.subClassOf, RDFS.subPropertyOf)
            for s, o in graph_of([file]).subject_objects(p)
            if isinstance(o, URIRef) and o not in GCM
        ]
        assert bool(foreign) == (file.name == "alignments.ttl"), (file.name, foreign)


def test_terms_of_others_are_declared_and_never_defined(ontology: Graph) -> None:
    for subject in set(ontology.subjects(RDF.type, None)):
        if isinstance(subject, URIRef) and subject not in GCM and subject != URIRef("https://w3id.org/gcm-graph/ontology"):
            assert set(ontology.predicates(subject)) == {RDF.type}, subject


def test_no_data_value_is_an_xsd_date(content: Content, ontology: Graph) -> None:
    data = set(ontology.subjects(RDF.type, OWL.DatatypeProperty))
    graph = graph_of(content_files(content))
    for _, property_, value in graph:
        if isinstance(value, Literal) and property_ in data:
            assert not str(value.datatype).endswith("#date"), property_


def test_every_property_used_in_content_is_declared(content: Content, ontology: Graph) -> None:
    declared = {s for kind in KINDS for s in ontology.subjects(RDF.type, kind)} | {RDF.type, RDFS.label, RDFS.seeAlso}
    assert set(graph_of(content_files(content)).predicates()) <= declared


@pytest.fixture(scope="session")
def owl_api() -> Any:
    """The OWL API, started in this process."""
    jpype = pytest.importorskip("jpype", reason="no jpype: make test installs it")
    mowl = pytest.importorskip("importlib.util").find_spec("mowl")
    if shutil.which("java") is None or mowl is None:
        pytest.skip("no java, or no OWL API: make system test installs both")
    jars = sorted(str(p) for p in (Path(mowl.origin).parent / "lib").glob("*.jar"))
    assert len(jars) > 50
    if not jpype.isJVMStarted():
        jpype.startJVM(classpath=jars)
    return jpype


def violations(jpype: Any, profile: str, graph: Graph, folder: Path) -> list[str]:
    """Return what the OWL API's profile checker objects to."""
    file = folder / "checked.ttl"
    graph.serialize(file, format="turtle")
    manager = jpype.JClass("org.semanticweb.owlapi.apibinding.OWLManager").createOWLOntologyManager()
    loaded = manager.loadOntologyFromOntologyDocument(jpype.JClass("java.io.File")(str(file)))
    assert loaded.getAxiomCount() > 1000
    report = jpype.JClass(f"org.semanticweb.owlapi.profiles.{profile}")().checkOntology(loaded)
    return [str(v) for v in report.getViolations()]


@pytest.mark.parametrize("profile", ["OWL2DLProfile", "OWL2RLProfile"])
def test_the_ontology_is_in_the_profile(owl_api: Any, ontology: Graph, tmp_path: Path, profile: str) -> None:
    assert violations(owl_api, profile, ontology, tmp_path) == []


def test_ontology_and_all_content_together_are_owl_2_dl(owl_api: Any, content: Content, tmp_path: Path) -> None:
    whole = graph_of([*ontology_files(content), *content_files(content)])
    assert violations(owl_api, "OWL2DLProfile", whole, tmp_path) == []


def test_the_profile_checker_sees_a_violation(owl_api: Any, ontology: Graph, tmp_path: Path) -> None:
    spoilt = graph_of([])
    spoilt += ontology
    spoilt.add((GCM.includes, RDF.type, OWL.IrreflexiveProperty))  # not allowed of a transitive property
    assert violations(owl_api, "OWL2DLProfile", spoilt, tmp_path)


def inconsistent(graph: Graph, folder: Path) -> bool:
    """Whether HermiT finds a contradiction; fails if a class can have no member."""
    import owlready2

    try:
        world = hermit(graph, folder, properties=False)
    except owlready2.OwlReadyInconsistentOntologyError:
        return True
    assert not list(world.inconsistent_classes())
    return False


@needs_java
def test_hermit_finds_the_ontology_consistent(ontology: Graph, tmp_path: Path) -> None:
    assert not inconsistent(graph_of([]) + ontology, tmp_path)


@needs_java
def test_hermit_finds_ontology_and_all_content_consistent(content: Content, tmp_path: Path) -> None:
    assert not inconsistent(graph_of([*ontology_files(content), *content_files(content)]), tmp_path)


@needs_java
@pytest.mark.parametrize(
    ("mistake", "kind"),
    [
        ("guatemala-2017/III.1-b01", "Objective"),
        ("group/migrant-children", "Party"),
        ("agent/guatemala", "StateRole"),
        ("guatemala-2017/III.1-b01-passage", "Group"),
        ("right/liberty", "Service"),
    ],
)
def test_a_thing_of_two_disjoint_kinds_is_a_contradiction(content: Content, tmp_path: Path, mistake: str, kind: str) -> None:
    graph = graph_of([*ontology_files(content), *content_files(content)])
    graph.add((URIRef(f"https://w3id.org/gcm-graph/id/{mistake}"), RDF.type, GCM[kind]))
    assert inconsistent(graph, tmp_path)
