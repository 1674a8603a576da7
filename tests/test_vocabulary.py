import re

import pytest

from gcm_graph.content import Content
from gcm_graph.vocabulary import BASE, ID, PREFIXES, SCHEMES, compact, expand


@pytest.mark.parametrize(
    ("short", "iri"),
    [
        ("gcm:Commitment", f"{BASE}/ontology#Commitment"),
        ("group:migrants", f"{ID}group/migrants"),
        ("gcmid:guatemala-2017/III.1-b01", f"{ID}guatemala-2017/III.1-b01"),
        ("gcmid:group", f"{ID}group"),
        ("skos:notation", "http://www.w3.org/2004/02/skos/core#notation"),
    ],
)
def test_a_prefixed_name_and_its_iri_are_two_ways_to_say_one_thing(short: str, iri: str) -> None:
    assert expand(short) == iri
    assert compact(iri) == short


@pytest.mark.parametrize("text", ["", "nothing", "nowhere:x", "https://example.org/x", ":x"])
def test_what_the_table_does_not_know_stays_as_it_is(text: str) -> None:
    assert expand(text) == text
    assert compact(text) == text


def test_a_namespace_by_itself_has_no_short_name() -> None:
    assert [compact(namespace) for namespace in (ID, PREFIXES["skos"])] == [ID, PREFIXES["skos"]]


def test_each_scheme_is_a_prefix_and_a_file(content: Content) -> None:
    files = {path.stem for path in (content.root / "instances/vocabulary").glob("*.ttl")}
    assert files == set(SCHEMES) != set()
    assert all(PREFIXES[name] == f"{ID}{name}/" for name in SCHEMES)


def test_the_base_is_written_once(content: Content) -> None:
    package = content.root / "gcm_graph"
    holding = [path.name for path in package.glob("*.py") if re.search(re.escape(BASE), path.read_text("utf-8"))]
    assert holding == ["vocabulary.py"]
