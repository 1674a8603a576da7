"""What follows: complete against owlrl, the same as the question without a reasoner, and kept apart from what is asserted."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from conftest import hermit
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse

from gcm_graph.content import Content
from gcm_graph.errors import Refusal
from gcm_graph.questions import answer, load
from gcm_graph.reasoning import Closure, compile_axioms, inferred_quads, minting_rules, open_graph
from gcm_graph.sparql import Rows, run
from gcm_graph.vocabulary import BASE, PREFIXES, expand

GCM = PREFIXES["gcm"]
OWN = ("instances/submissions/", "instances/interpretations/")
BASES = {
    "explicit": "gcm:protects",
    "broader-group": "gcm:protectsViaBroaderGroup",
    "universal": "gcm:protectsUniversally",
    "vulnerable-group": "gcm:protectsViaVulnerability",
    "conditional": "gcm:mayProtect",
}


def triples(text: str) -> list[Triple]:
    head = "".join(f"@prefix {p}: <{n}> .\n" for p, n in PREFIXES.items())
    return [q.triple for q in parse(head + text, format=RdfFormat.TURTLE)]


def follows(axioms: str, data: str) -> set[str]:
    closure = Closure([], compile_axioms(triples(axioms)))
    return {" ".join(str(node).strip("<>").rpartition("#")[2] for node in triple) for triple in closure.of(triples(data))}


@pytest.mark.parametrize(
    ("axioms", "data", "expected"),
    [
        ("gcm:A rdfs:subClassOf gcm:B .", "gcm:x a gcm:A .", {"x type B"}),
        ("gcm:p rdfs:subPropertyOf gcm:q .", "gcm:x gcm:p gcm:y .", {"x q y"}),
        ("gcm:p rdfs:domain gcm:A .", "gcm:x gcm:p gcm:y .", {"x type A"}),
        ("gcm:A a owl:Class . gcm:p rdfs:range gcm:A .", "gcm:x gcm:p gcm:y .", {"y type A"}),
        ("gcm:p rdfs:range xsd:string .", "gcm:x gcm:p gcm:y .", set()),
        ("gcm:p a owl:TransitiveProperty .", "gcm:x gcm:p gcm:y . gcm:y gcm:p gcm:z .", {"x p z"}),
        ("gcm:p a owl:SymmetricProperty .", "gcm:x gcm:p gcm:y .", {"y p x"}),
        ("gcm:p owl:inverseOf gcm:q .", "gcm:x gcm:p gcm:y .", {"y q x"}),
        ("gcm:p owl:inverseOf gcm:q .", "gcm:x gcm:q gcm:y .", {"y p x"}),
        ("gcm:r owl:propertyChainAxiom ( gcm:p gcm:q ) .", "gcm:x gcm:p gcm:y . gcm:y gcm:q gcm:z .", {"x r z"}),
        ("[ a owl:Restriction ; owl:onProperty gcm:p ; owl:hasValue gcm:y ] rdfs:subClassOf gcm:A .", "gcm:x gcm:p gcm:y .", {"x type A"}),
        ("[ a owl:Restriction ; owl:onProperty gcm:p ; owl:hasValue gcm:y ] rdfs:subClassOf gcm:A .", "gcm:x gcm:p gcm:z .", set()),
    ],
)
def test_each_kind_of_axiom_gives_what_it_should_and_no_more(axioms: str, data: str, expected: set[str]) -> None:
    assert follows(axioms, data) == expected


def test_an_axiom_that_has_no_rule_is_refused_not_passed_over() -> None:
    for axiom in ("gcm:p a owl:FunctionalProperty .", "gcm:A owl:equivalentClass gcm:B .", "gcm:p owl:hasKey ( gcm:q ) ."):
        with pytest.raises(Refusal, match="has no rule"):
            compile_axioms(triples(axiom))


def read(content: Content, *folders: str) -> list[Triple]:
    return [q.triple for f in content.files() if f.name.startswith(folders) for q in parse(path=str(f.path), format=RdfFormat.TURTLE)]


@pytest.fixture(scope="module")
def slice_(content: Content) -> list[Triple]:
    """Ontology and content without passages, labels and notes: what reasoning is about, small enough for owlrl."""
    kept = []
    for t in [*read(content, "ontology/"), *read(content, "instances/")]:
        name = t.predicate.value
        structural = name.rpartition("#")[2] in ("subClassOf", "subPropertyOf", "domain", "range")
        if (structural or name.startswith((GCM, PREFIXES["owl"], PREFIXES["rdf"]))) and not isinstance(t.object, Literal):
            kept.append(t)
    assert len(kept) > 3000
    return kept


def ours(found: Iterable[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Keep what our axioms are about: our properties, and membership in our classes, of things in content."""
    things = f"{BASE}/id/"
    return {
        (s, p, o) for s, p, o in found if s.startswith(things) and (p.startswith(GCM) or (p == expand("rdf:type") and o.startswith(GCM)))
    }


def test_the_closure_is_owlrl_s(slice_: list[Triple]) -> None:
    import owlrl
    from rdflib import Graph

    store = Store()
    store.bulk_extend(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in slice_)
    graph = Graph().parse(data=store.dump(format=RdfFormat.N_TRIPLES, from_graph=DefaultGraph()) or b"", format="nt")
    before = ours((str(s), str(p), str(o)) for s, p, o in graph)
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    expected = ours((str(s), str(p), str(o)) for s, p, o in graph) - before
    closure = Closure(slice_, compile_axioms(slice_))
    found = ours((t.subject.value, t.predicate.value, t.object.value) for t in closure.inferred)  # type: ignore[union-attr]
    assert len(expected) > 1000
    assert found == expected


def derived(store: Store, property_: str) -> set[tuple[str, str]]:
    rows = run(store, f"SELECT ?p ?g {{ ?p {property_} ?g . ?g skos:inScheme gcmid:group }}")
    assert isinstance(rows, Rows)
    return {(row[0].value, row[1].value) for row in rows.rows}  # type: ignore[union-attr]


def test_the_question_without_a_reasoner_and_the_closure_agree_for_every_group_and_basis(store: Store, content: Content) -> None:
    rows = run(store, "SELECT ?code ?g { ?g skos:inScheme gcmid:group ; skos:notation ?code }")
    assert isinstance(rows, Rows)
    question = load(content, "provisions-protecting-a-group")
    asked: dict[str, set[tuple[str, str]]] = {basis: set() for basis in BASES}
    for code, group in rows.rows:
        found = answer(store, question, {"group": [code.value], "kind": ["any"], "conditional": ["yes"]})  # type: ignore[union-attr]
        columns = found.variables
        for row in found.rows:
            basis = row[columns.index("basis")].value  # type: ignore[union-attr]
            asked[basis].add((row[columns.index("provision")].value, group.value))  # type: ignore[union-attr]
    for basis, property_ in BASES.items():
        assert asked[basis], basis
        assert asked[basis] == derived(store, property_), basis


def test_nothing_inferred_is_asserted_too(store: Store) -> None:
    quads = inferred_quads(store)
    assert len(quads) > 5000
    for quad in quads:
        graphs = {q.graph_name for q in store.quads_for_pattern(quad.subject, quad.predicate, quad.object)}
        assert graphs == {quad.graph_name}, quad


def test_claims_answer_to_directed_duties_of_parties_that_can_act_and_to_no_others(store: Store) -> None:
    rows = run(
        store,
        """SELECT ?claim ?duty ?holder ?bearer ?status { ?claim a gcm:ClaimRight ; gcm:correlativeDuty ?duty ;
          gcm:claimHolder ?holder ; gcm:claimAgainst ?bearer ; gcm:positionStatus ?status }""",
    )
    assert isinstance(rows, Rows)
    assert len({row[0] for row in rows.rows}) == len({row[1] for row in rows.rows}) > 10
    assert {row[4].value.rpartition("/")[2] for row in rows.rows} == {"proposed"}  # type: ignore[union-attr]
    assert not {row[3].value.rpartition("/")[2] for row in rows.rows} & {"compact", "not-stated"}  # type: ignore[union-attr]


def test_every_inferred_graph_says_what_it_was_derived_from(store: Store) -> None:
    graphs = {q.graph_name for q in inferred_quads(store)}
    for graph in graphs:
        assert isinstance(graph, NamedNode)
        sources = {q.object for q in store.quads_for_pattern(graph, NamedNode(expand("prov:wasDerivedFrom")), None, graph)}
        assert NamedNode(f"{BASE}/ontology") in sources
        assert len(sources) > 1


def test_a_submission_closed_on_its_own_gives_what_closing_all_together_gives(content: Content) -> None:
    rules = compile_axioms(read(content, "ontology/")) + minting_rules(content.rules)
    shared = read(content, "ontology/", "instances/vocabulary/", "instances/reference/")
    own = read(content, *OWN)
    apart = Closure(shared, rules)
    one_by_one = {str(t) for t in (*apart.inferred, *apart.of(own))}
    assert one_by_one == {str(t) for t in Closure([*shared, *own], rules).inferred}
    assert {str(t) for t in apart.of(own)} | {str(t) for t in apart.inferred} == one_by_one  # and again: nothing was left behind


def test_what_follows_is_made_anew_when_a_rule_or_the_submission_changes(tmp_path: Path, content: Content) -> None:
    root = tmp_path / "content"
    for folder in ("ontology", "instances", "shapes", "queries"):
        shutil.copytree(content.root / folder, root / folder)
    changed = Content(root)
    whole = len(inferred_quads(open_graph(changed, tmp_path / "store")))
    (root / "queries" / "rules" / "claims.rq").unlink()
    fewer = len(inferred_quads(open_graph(changed, tmp_path / "store")))
    assert fewer < whole
    for kind in ("submissions", "interpretations"):
        (root / "instances" / kind / "guatemala-2017.ttl").unlink()
    left = inferred_quads(open_graph(changed, tmp_path / "store"))
    assert left
    assert not any("guatemala-2017" in str(q.graph_name) for q in left)


@pytest.mark.skipif(shutil.which("java") is None, reason="no java: install default-jre-headless")
def test_hermit_derives_the_same_for_every_group_and_role(slice_: list[Triple], store: Store, tmp_path: Path) -> None:
    from rdflib import Graph

    kept = Store()
    kept.bulk_extend(Quad(t.subject, t.predicate, t.object, DefaultGraph()) for t in slice_)
    graph = Graph().parse(data=kept.dump(format=RdfFormat.N_TRIPLES, from_graph=DefaultGraph()) or b"", format="nt")
    world = hermit(graph, tmp_path, properties=True)
    for name in ("protects", "protectsViaBroaderGroup", "protectsUniversally", "protectsViaVulnerability", "benefits", "bindsRole"):
        found = {(s.iri, o.iri) for s, o in world[GCM + name].get_relations()}
        rows = run(store, f"SELECT ?s ?o {{ ?s gcm:{name} ?o }}")
        assert isinstance(rows, Rows)
        assert found == {(s.value, o.value) for s, o in rows.rows}, name  # type: ignore[union-attr]
        assert len(found) > 20
