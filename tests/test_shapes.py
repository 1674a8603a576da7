"""The shapes: each violated by a counterexample, and by nothing else there; each with its words in both languages."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse
from rdflib import SH, Graph, Namespace, URIRef

from gcm_graph.content import Content, shipped
from gcm_graph.shapes import ShapesGraph, mark
from gcm_graph.validation import reference
from gcm_graph.vocabulary import PREFIXES

GCM = Namespace(PREFIXES["gcm"])
VIOLATES = "urn:gcm-graph:violates"
EXAMPLES = sorted((Path(__file__).parent / "shapes").glob("*.ttl"))
SHAPES = sorted((shipped().root / "shapes").glob("*.ttl"))


@pytest.fixture(scope="module")
def shapes() -> Graph:
    graph = Graph()
    for file in SHAPES:
        graph.parse(file, format="turtle")
    return graph


@pytest.fixture(scope="module")
def compiled() -> ShapesGraph:
    return ShapesGraph(q for file in SHAPES for q in parse(path=str(file), format=RdfFormat.TURTLE))


def coded(shapes: Graph) -> list[URIRef]:
    found = [s for s in set(shapes.subjects(GCM.code)) if isinstance(s, URIRef)]
    assert len(found) > 100
    return sorted(found)


@pytest.fixture(scope="module")
def context(content: Content) -> list[Quad]:
    """Ontology, vocabularies and reference files, which every submission builds on."""
    folders = ("ontology/", "instances/vocabulary/", "instances/reference/")
    files = [f.path for f in content.files() if f.name.startswith(folders)]
    return [q for file in files for q in parse(path=str(file), format=RdfFormat.TURTLE)]


def marked(example: Path) -> set[tuple[str, str]]:
    """Return the pairs of node and shape that an example says are violated."""
    return {
        (str(getattr(t.subject, "value", "")), str(getattr(t.object, "value", "")))
        for t in parse(path=str(example), format=RdfFormat.TURTLE)
        if t.predicate.value == VIOLATES
    }


def world(example: Path, context: Iterable[Quad]) -> Store:
    """Return an example in its context, its own nodes marked as those to check."""
    own = [q for q in parse(path=str(example), format=RdfFormat.TURTLE) if q.predicate.value != VIOLATES]
    store = Store()
    store.bulk_extend([*context, *own])
    mark(store, {q.subject.value for q in own if isinstance(q.subject, NamedNode)})
    return store


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_violates_what_it_is_marked_with_and_nothing_else(example: Path, compiled: ShapesGraph, context: list[Quad]) -> None:
    store = world(example, context)
    assert {(r.focus, r.shape) for shape in compiled.compiled for r in shape.violations(store)} == marked(example)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_pyshacl_finds_the_same_on_an_example(example: Path, compiled: ShapesGraph, context: list[Quad]) -> None:
    assert {(r.focus, r.shape) for r in reference(world(example, context), compiled)} == marked(example)


def test_every_shape_is_compiled(compiled: ShapesGraph, shapes: Graph) -> None:
    assert compiled.uncompiled == []
    assert {shape.iri for shape in compiled.compiled} == {str(shape) for shape in coded(shapes)}


def test_every_shape_is_violated_by_some_example(shapes: Graph) -> None:
    assert {str(shape) for shape in coded(shapes)} == {shape for example in EXAMPLES for _, shape in marked(example)}


def test_every_file_of_shapes_has_a_file_of_examples() -> None:
    assert {p.stem for p in EXAMPLES} == {p.stem for p in SHAPES} - {"prefixes"}
    assert len(EXAMPLES) > 10


def test_every_shape_says_what_is_wrong_and_what_to_do_in_both_languages(shapes: Graph) -> None:
    for shape in coded(shapes):
        for words in (SH.message, GCM.remedy):
            texts = list(shapes.objects(shape, words))
            assert sorted(getattr(t, "language", None) or "" for t in texts) == ["en", "es"], (shape, words)
            assert all(str(t).endswith(".") for t in texts), shape
        assert shapes.value(shape, SH.severity) in (SH.Violation, SH.Warning, SH.Info), shape
        assert len(list(shapes.objects(shape, GCM.code))) == 1, shape


def test_codes_begin_with_s_and_two_digits(shapes: Graph) -> None:
    for shape in coded(shapes):
        code = str(shapes.value(shape, GCM.code))
        assert code[0] == "S", code
        assert code[1:].isdecimal(), code


def test_a_shape_is_suppressed_only_by_a_shape_that_exists(shapes: Graph) -> None:
    causes = set(shapes.objects(None, GCM.suppressedBy))
    assert causes
    assert causes <= set(coded(shapes))
