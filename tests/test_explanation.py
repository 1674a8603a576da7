"""Explanations: right for each basis, for what must not follow, in both languages, asserted and inferred told apart."""

import json

import pytest
from pyoxigraph import Store

from gcm_graph.content import Content
from gcm_graph.explanation import Explainer, as_json, as_text, phrases
from gcm_graph.vocabulary import ID

PAPER = f"{ID}guatemala-2017/"


@pytest.fixture(scope="module")
def explainer(store: Store, content: Content) -> Explainer:
    return Explainer(store, phrases(content), "en")


@pytest.mark.parametrize(
    ("provision", "group", "bases"),
    [
        ("IV.1-p01", "unaccompanied-migrant-children", ["explicit", "universal", "vulnerable-group"]),
        ("III.3-p07", "unaccompanied-migrant-children", ["broader-group"]),
        ("III.1-b01", "unaccompanied-migrant-children", ["universal"]),
        ("III.1-p04", "unaccompanied-migrant-children", ["vulnerable-group"]),
        ("II.1-p03", "older-migrants", ["universal", "universal"]),  # once through all persons, once through migrants
        ("III.5-p05", "migrant-trafficking-victims", ["explicit"]),
    ],
)
def test_each_basis_is_explained_once_for_each_minimal_chain(explainer: Explainer, provision: str, group: str, bases: list[str]) -> None:
    found = explainer.group(PAPER + provision, f"{ID}group/{group}")
    assert found.follows
    assert [basis for basis, _, _ in found.chains] == bases
    leaves = [frozenset(proof.leaves) for _, proof, _ in found.chains]
    assert not any(a < b for a in leaves for b in leaves)


@pytest.mark.parametrize(
    ("provision", "group", "why"),
    [
        ("IV.1-p04", "migrant-children", "addressee"),  # a campaign about children
        ("III.5-p02", "potential-trafficking-victims", "purpose"),  # border control for the sake of victims
        ("III.3-p06", "migrants", "advantage"),  # cheaper hiring
        ("III.5-p05", "smuggled-migrants", "may or may not be among them"),  # the vulnerable among them only
        ("IV.1-p09c", "migrant-women", "narrower group"),
        ("III.5-b04", "migrants", "addressee"),
        ("III.3-b04", "migrants", "names no group"),
        ("III.5-b05", "migrant-women", "only the heading"),
        ("III.5-p02", "trafficking-victims", "it names potential victims of trafficking in persons, and nothing"),
    ],
)
def test_what_does_not_follow_names_the_nearest_missing_link(explainer: Explainer, provision: str, group: str, why: str) -> None:
    found = explainer.group(PAPER + provision, f"{ID}group/{group}")
    assert not found.follows
    assert not found.chains
    assert why in found.reason


@pytest.mark.parametrize(
    ("provision", "role", "ways"),
    [
        ("IV.2-p01", "transit", ["stated"]),
        ("III.6-p03", "origin", ["stated", "imputed"]),
        ("III.6-p03", "destination", ["imputed"]),
        ("III.1-p01", "transit", []),
    ],
)
def test_roles_are_explained_as_stated_or_as_read(explainer: Explainer, provision: str, role: str, ways: list[str]) -> None:
    found = explainer.role(PAPER + provision, f"{ID}role/{role}")
    assert [way for way, _, _ in found.chains] == ways
    assert found.follows == bool(ways)
    assert bool(found.reason) != bool(ways)


def test_leaves_are_asserted_and_steps_inferred(explainer: Explainer, store: Store) -> None:
    found = explainer.group(PAPER + "IV.1-p01", f"{ID}group/unaccompanied-migrant-children")
    for _, proof, _ in found.chains:
        for triple in proof.leaves:
            graphs = [str(q.graph_name) for q in store.quads_for_pattern(triple.subject, triple.predicate, triple.object)]
            assert not any(g.endswith("/inferred>") for g in graphs)
        for triple, axiom in proof.steps:
            graphs = [str(q.graph_name) for q in store.quads_for_pattern(triple.subject, triple.predicate, triple.object)]
            assert all(g.endswith("/inferred>") for g in graphs)
            assert axiom
    assert {str(q.graph_name).endswith("/inferred>") for q in found.quads(store)} == {True, False}


def test_every_derived_protection_has_a_proof(explainer: Explainer, store: Store) -> None:
    from gcm_graph.explanation import BASES
    from gcm_graph.sparql import Rows, run

    checked = 0
    for property_ in BASES:
        rows = run(store, f"SELECT ?p ?g {{ ?p {property_} ?g }} ORDER BY ?p ?g")
        assert isinstance(rows, Rows)
        for provision, group in rows.rows[::7]:
            found = explainer.group(provision.value, group.value)  # type: ignore[union-attr]
            assert any(basis == BASES[property_] for basis, _, _ in found.chains), (provision, group)
            checked += 1
    assert checked > 80


def test_sentences_are_in_the_language_asked_for(store: Store, content: Content) -> None:
    spanish = Explainer(store, phrases(content), "es").group(PAPER + "III.3-p07", f"{ID}group/unaccompanied-migrant-children")
    [(_, _, sentence)] = spanish.chains
    assert "protegería a" in sentence
    assert "niñas, niños y adolescentes" in sentence
    assert "afirmado:" in as_text(spanish, "es")


def test_the_json_holds_the_same_as_the_text(explainer: Explainer) -> None:
    found = explainer.group(PAPER + "III.3-p07", f"{ID}group/unaccompanied-migrant-children")
    told = json.loads(as_json(found))
    assert told["follows"] is True
    assert [chain["sentence"] for chain in told["chains"]] == [sentence for _, _, sentence in found.chains]
    assert all(axiom["axiom"] in as_text(found, "en") for chain in told["chains"] for axiom in chain["inferred"])
