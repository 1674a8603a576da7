import re
from collections import Counter

import pytest
from pyoxigraph import Quad, Store

from gcm_graph.codes import codes
from gcm_graph.errors import Refusal
from gcm_graph.things import Fact, describe, find_thing
from gcm_graph.vocabulary import BASE, ID, SCHEMES, compact

CHILDREN = f"{ID}group/unaccompanied-migrant-children"
BULLET = f"{ID}guatemala-2017/III.1-b01"


@pytest.mark.parametrize(
    ("name", "iri"),
    [
        (CHILDREN, CHILDREN),
        (f"<{CHILDREN}>", CHILDREN),
        ("group:unaccompanied-migrant-children", CHILDREN),
        ("group/unaccompanied-migrant-children", CHILDREN),
        ("unaccompanied-migrant-children", CHILDREN),
        ("Unaccompanied migrant children", CHILDREN),
        ("guatemala-2017", f"{ID}guatemala-2017"),
        ("id/guatemala-2017", f"{ID}guatemala-2017"),
        ("gcm:Commitment", f"{BASE}/ontology#Commitment"),
        ("ontology#Commitment", f"{BASE}/ontology#Commitment"),
        ("III.1-b01", BULLET),
        ("guatemala-2017/III.1-b01", BULLET),
        ("instrument:crc", f"{ID}instrument/crc"),
    ],
)
def test_a_thing_is_found_by_any_of_its_names(store: Store, name: str, iri: str) -> None:
    assert find_thing(store, name) == iri


def test_a_code_of_several_schemes_is_answered_with_all_of_them(store: Store) -> None:
    times = Counter(code for scheme in SCHEMES for code in codes(store, scheme))
    shared = [code for code, number in times.items() if number > 1]
    assert shared
    for code in shared:
        with pytest.raises(Refusal, match="several things") as refused:
            find_thing(store, code)
        candidates = re.findall(r"[\w-]+:[\w.-]*\w", refused.value.remedy)
        assert len({find_thing(store, candidate) for candidate in candidates}) == len(candidates) >= times[code]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("unacompanied migrant children", "group:unaccompanied-migrant-children"),
        ("III.1-b99", "III.1-b0"),
        ("gautemala-2017", "guatemala-2017"),
    ],
)
def test_a_wrong_name_gets_near_misses(store: Store, name: str, hint: str) -> None:
    with pytest.raises(Refusal, match="Nothing is known as") as refused:
        find_thing(store, name)
    assert hint in refused.value.remedy


@pytest.mark.parametrize("name", ["", "<>", "<a b>", "http://[bad", "http://example.org/nothing", f"{ID}nothing", '"', "zzzzzz"])
def test_what_is_nowhere_is_refused_whatever_it_looks_like(store: Store, name: str) -> None:
    with pytest.raises(Refusal, match="Nothing is known as"):
        find_thing(store, name)


def _names(facts: list[Fact]) -> dict[str, Fact]:
    return {compact(fact.property): fact for fact in facts}


def test_a_provision_is_described_with_the_nodes_that_belong_to_it(store: Store) -> None:
    thing = describe(store, BULLET, "en")
    facts = _names(thing.facts)
    assert facts["gcm:inSubmission"].values[0][1] == f"{ID}guatemala-2017"
    ((_, passage, inner),) = facts["gcm:hasPassage"].values
    assert passage == f"{BULLET}-passage"
    selectors = [iri for _, iri, _ in _names(inner)["oa:hasSelector"].values]
    assert selectors and all(iri.startswith(f"{BULLET}-") for iri in selectors)
    assert {q.subject.value for q in thing.quads if isinstance(q, Quad) and hasattr(q.subject, "value")} >= {BULLET, passage, *selectors}


def test_what_a_reader_looks_for_first_comes_first(store: Store) -> None:
    assert list(_names(describe(store, BULLET, "en").facts))[:2] == ["rdf:type", "gcm:statement"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_description_keeps_to_one_language(store: Store, language: str) -> None:
    facts = _names(describe(store, CHILDREN, language).facts)
    (label,) = facts["skos:prefLabel"].values
    assert label[0] == describe(store, CHILDREN, language).label
    assert len(facts["skos:definition"].values) == 1


def test_what_points_to_a_thing_is_listed_without_its_own_parts(store: Store) -> None:
    thing = describe(store, BULLET, "en")
    pointing = {iri for fact in thing.pointers for _, iri, _ in fact.values}
    assert not any(iri.startswith(f"{BULLET}-") for iri in pointing)
    assert describe(store, f"{ID}guatemala-2017", "en").pointers


def test_pointers_are_cut_where_there_are_thousands(store: Store) -> None:
    pointers = describe(store, f"{BASE}/ontology#Commitment", "en").pointers
    assert pointers and all(len(fact.values) <= 200 for fact in pointers)


def test_nodes_that_point_to_one_another_do_not_go_round_for_ever() -> None:
    store = Store()
    store.update(f"INSERT DATA {{ <{ID}a> <urn:p> <{ID}a-1> . <{ID}a-1> <urn:p> <{ID}a-1-2> . <{ID}a-1-2> <urn:p> <{ID}a-1-2> , <{ID}a> }}")
    assert describe(store, f"{ID}a", "en").facts[0].values[0][1] == f"{ID}a-1"
