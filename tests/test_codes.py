from typing import Any

import pytest
from pyoxigraph import Store

from gcm_graph.codes import SCHEME_TYPES, Code, codes, fold, resolve, thing_label
from gcm_graph.content import Content
from gcm_graph.errors import Refusal
from gcm_graph.questions import bind, load
from gcm_graph.vocabulary import BASE, ID, SCHEMES

CHILDREN = "unaccompanied-migrant-children"


@pytest.fixture(scope="module")
def groups(store: Store) -> dict[str, Code]:
    return codes(store, "group")


@pytest.mark.parametrize("scheme", [*SCHEMES, *SCHEME_TYPES])
def test_every_scheme_has_values_with_an_iri_and_a_label_in_both_languages(store: Store, scheme: str) -> None:
    found = codes(store, scheme)
    assert found
    for code, entry in found.items():
        assert entry.code == code and entry.iri.startswith(ID)
        if scheme not in SCHEME_TYPES:
            assert set(entry.labels) == {"en", "es"}, code


@pytest.mark.parametrize(
    "text",
    [
        CHILDREN,
        CHILDREN.upper(),
        f"group:{CHILDREN}",
        f"{ID}group/{CHILDREN}",
        f"<{ID}group/{CHILDREN}>",
        f"  {CHILDREN} ",
    ],
)
def test_a_value_is_known_by_its_code_its_prefixed_name_and_its_iri(groups: dict[str, Code], text: str) -> None:
    assert resolve(groups, text, "group").code == CHILDREN


@pytest.mark.parametrize("change", [str, str.upper, str.title, lambda s: f"  {s.replace(' ', '   ')} ", fold])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_value_is_known_by_its_label_whatever_its_case_accents_and_spaces(groups: dict[str, Code], language: str, change: Any) -> None:
    for code, entry in groups.items():
        assert resolve(groups, change(entry.labels[language]), "group").code == code


def test_a_value_is_known_by_its_other_labels(groups: dict[str, Code]) -> None:
    others = [(other, code) for code, entry in groups.items() for other in entry.others]
    assert others
    assert all(other in {fold(o) for o in groups[resolve(groups, other, "group").code].others} for other in map(fold, dict(others)))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("unacompanied-migrant-children", CHILDREN),
        ("unaccompanied migrant childen", CHILDREN),
        ("migrants-with-disability", "migrants-with-disabilities"),
        ("diaspra", "diaspora"),
    ],
)
def test_a_wrong_value_gets_near_misses(groups: dict[str, Code], text: str, hint: str) -> None:
    with pytest.raises(Refusal, match="no value of group") as refused:
        resolve(groups, text, "group")
    assert refused.value.remedy.startswith("Did you mean ") and hint in refused.value.remedy


def test_a_near_miss_of_a_label_is_answered_with_its_code() -> None:
    known = {"c-1": Code("c-1", "urn:c-1", {"en": "persons on the move"})}
    with pytest.raises(Refusal) as refused:
        resolve(known, "person on the move", "group")
    assert refused.value.remedy == "Did you mean c-1?"


@pytest.mark.parametrize(("number", "said"), [(3, "Allowed: c0, c1, c2."), (13, "'gcm-graph questions group' lists them.")])
def test_a_value_without_near_misses_is_answered_with_what_is_allowed(number: int, said: str) -> None:
    known = {f"c{n}": Code(f"c{n}", f"urn:{n}") for n in range(number)}
    with pytest.raises(Refusal) as refused:
        resolve(known, "something else altogether", "group")
    assert refused.value.remedy == said


def test_an_iri_of_another_scheme_is_no_value(groups: dict[str, Code]) -> None:
    with pytest.raises(Refusal):
        resolve(groups, f"{ID}right/family-unity", "group")


def test_labels_with_commas_are_tried_whole_before_they_are_cut(store: Store, content: Content) -> None:
    found = [
        (scheme, code)
        for scheme in ("group", "right", "measure", "bearer", "service")
        for code in codes(store, scheme).values()
        if any("," in label for label in code.labels.values())
    ]
    assert found
    names = {"right": "provisions-on-a-right", "measure": "provisions-by-measure", "group": "provisions-protecting-a-group"}
    names |= {"bearer": "obligations-of-a-bearer", "service": "provisions-on-a-service"}
    for scheme, code in found:
        for label in code.labels.values():
            text = bind(store, load(content, names[scheme]), {scheme: [label]})
            assert f'VALUES ?{scheme} {{ "{code.code}" }}' in text


@pytest.mark.parametrize(
    ("text", "folded"), [("Niñez  MIGRANTE", "ninez migrante"), ("  a\tb\n", "a b"), ("ÁÉÍÓÚÜ", "aeiouu"), ("Straße", "strasse"), ("", "")]
)
def test_what_people_type_is_compared_without_case_accents_and_surplus_spaces(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_label_is_given_in_the_language_asked_for(store: Store, groups: dict[str, Code], language: str) -> None:
    assert thing_label(store, f"{ID}group/{CHILDREN}", language) == groups[CHILDREN].labels[language]


@pytest.mark.parametrize(
    ("iri", "label"), [(f"{ID}nowhere/x", "nowhere/x"), (f"{BASE}/ontology#Nothing", "ontology#Nothing"), ("urn:x", "urn:x")]
)
def test_what_has_no_label_is_called_by_its_path(store: Store, iri: str, label: str) -> None:
    assert thing_label(store, iri, "en") == label
