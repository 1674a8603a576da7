import dataclasses
import json
import re
from hashlib import sha256
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Store

from gcm_graph.errors import Refusal
from gcm_graph.provisions import STYLES, Citation, citation, cite, find_provision, passage, search
from gcm_graph.sources import Sources
from gcm_graph.sparql import Rows, run
from gcm_graph.vocabulary import ID

BULLET, PROSE = f"{ID}guatemala-2017/III.1-b01", f"{ID}guatemala-2017/III.1-p01"


def _all(store: Store) -> list[str]:
    answer = run(store, "SELECT DISTINCT ?p { ?p gcm:statement ?s }")
    assert isinstance(answer, Rows)
    return [row[0].value for row in answer.rows if isinstance(row[0], NamedNode)]


@pytest.mark.parametrize(
    "name",
    [
        BULLET, f"<{BULLET}>", f" {BULLET} ", "guatemala-2017/III.1-b01", "/guatemala-2017/III.1-b01", "gcmid:guatemala-2017/III.1-b01",
        "III.1-b01", "iii.1-B01", "  III.1-b01 ",
    ],
)  # fmt: skip
def test_a_provision_is_found_by_iri_path_and_bare_id_in_any_case(store: Store, name: str) -> None:
    assert find_provision(store, name) == BULLET


@pytest.mark.parametrize("name", ["III.1-b99", "guatemala-2017/III.1-b0", "III1-b01", f"{ID}guatemala-2017/III.1-b99"])
def test_a_wrong_name_gets_near_misses_that_exist(store: Store, name: str) -> None:
    with pytest.raises(Refusal, match="There is no provision") as refused:
        find_provision(store, name)
    hints = re.findall(r"III[\w.-]+", refused.value.remedy)
    assert hints
    assert all(find_provision(store, hint) for hint in hints)


@pytest.mark.parametrize("name", ["", "nonsense", 'a b<>"{}', "https://example.org/x"])
def test_a_name_that_resembles_none_says_where_all_are_listed(store: Store, name: str) -> None:
    with pytest.raises(Refusal) as refused:
        find_provision(store, name)
    assert "export --table provisions" in refused.value.remedy


def test_a_bare_id_of_two_submissions_is_answered_with_both() -> None:
    store = Store()
    for submission in ("x-2026", "y-2027"):
        store.update(f"INSERT DATA {{ <{ID}{submission}/A-b01> <{'https://w3id.org/gcm-graph/ontology#'}statement> 'x'@en }}")
    with pytest.raises(Refusal, match="several submissions") as refused:
        find_provision(store, "A-b01")
    assert "x-2026/A-b01" in refused.value.remedy and "y-2027/A-b01" in refused.value.remedy
    assert find_provision(store, "y-2027/A-b01") == f"{ID}y-2027/A-b01"


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_provision_can_be_cited_in_every_style(store: Store, language: str) -> None:
    provisions = _all(store)
    assert len(provisions) > 100
    for iri in provisions:
        cited = citation(store, iri, language)
        assert cited.section and cited.statement and cited.first and cited.last and 0 < cited.start < cited.end
        assert all(cite(cited, style) for style in STYLES)


def test_what_is_no_provision_has_nothing_to_cite(store: Store) -> None:
    with pytest.raises(Refusal, match="no passage to cite"):
        citation(store, f"{ID}group/migrants", "en")


@pytest.mark.parametrize(
    ("iri", "language", "pinpoint"),
    [
        (BULLET, "en", r"III\.1, list item \d+"),
        (BULLET, "es", r"III\.1, elemento de lista \d+"),
        (PROSE, "en", r"III\.1, para\. \d+, sentence \d+"),
        (PROSE, "es", r"III\.1, párr\. \d+, oración \d+"),
    ],
)
def test_a_pinpoint_says_section_and_ordinals(store: Store, iri: str, language: str, pinpoint: str) -> None:
    assert re.fullmatch(pinpoint, citation(store, iri, language).pinpoint)


@pytest.fixture
def cited(store: Store) -> Citation:
    return citation(store, BULLET, "en")


def test_the_text_style_says_all_and_that_the_statement_is_ours(cited: Citation) -> None:
    text = cite(cited, "text")
    for part in (cited.title, cited.pinpoint, f"positions {cited.start}–{cited.end}", cited.iri, cited.standing):
        assert part in text
    assert f"Summary by GCM Graph: {cited.statement}" in text
    assert f"Begins and ends: “{cited.first} … {cited.last}”" in text


def test_the_text_style_speaks_spanish(store: Store) -> None:
    text = cite(citation(store, BULLET, "es"), "text", "palabras")
    assert "posiciones" in text and "Resumen de GCM Graph" in text and "Pasaje: “palabras”" in text


def test_bibtex_has_one_entry_with_balanced_braces(cited: Citation) -> None:
    text = cite(cited, "bibtex")
    entry = re.fullmatch(r"@misc\{([\w-]+),\n(.*)\n\}", text, re.DOTALL)
    assert entry
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},?$", entry[2], re.MULTILINE))
    assert set(fields) == {"title", "author", "year", "note", "url"}
    assert (fields["url"], fields["year"]) == (cited.iri, "2017")
    assert text.count("{") == text.count("}")


def test_csl_is_the_json_that_reference_managers_read(cited: Citation) -> None:
    (entry,) = json.loads(cite(cited, "csl"))
    assert entry["type"] == "report" and entry["title"] == cited.title and entry["URL"] == cited.iri
    assert entry["issued"] == {"date-parts": [[2017]]}
    assert entry["author"] == [{"literal": cited.preparer}]


def test_ris_has_a_tag_a_line_from_type_to_end(cited: Citation) -> None:
    lines = cite(cited, "ris").split("\n")
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines)
    assert lines[0] == "TY  - RPRT" and lines[-1] == "ER  - "
    assert dict(line.split("  - ", 1) for line in lines)["UR"] == cited.iri


@pytest.mark.parametrize("style", STYLES)
def test_what_is_not_known_of_a_document_is_left_out(cited: Citation, style: str) -> None:
    bare = cite(dataclasses.replace(cited, preparer="", year=""), style)
    assert cited.preparer not in bare
    assert "{}" not in bare and "PY  - " not in bare and "issued" not in bare


def test_a_passage_is_cut_by_code_points_and_checked(tmp_path: Path, cited: Citation) -> None:
    text = "𝄞 niñez. They commit to it. End."
    path = tmp_path / "text.md"
    path.write_text(text, "utf-8")
    words = "They commit to it."
    start = text.index(words)
    known = dataclasses.replace(
        cited,
        start=start,
        end=start + len(words),
        checksum=sha256(words.encode()).hexdigest(),
        text_checksum=sha256(text.encode()).hexdigest(),
    )
    sources = Sources(None, (path,))
    assert passage(known, sources) == words
    assert passage(known, Sources(None)) is None
    with pytest.raises(Refusal, match="aren't those of"):
        passage(dataclasses.replace(known, start=start + 1), sources)


def test_every_passage_agrees_with_the_source_text(store: Store, sources_dir: Path) -> None:
    sources = Sources(None, (sources_dir / "guatemala-gcm-2017.md",))
    provisions = [iri for iri in _all(store) if "/guatemala-2017/" in iri]
    assert len(provisions) > 100
    for iri in provisions:
        cited = citation(store, iri, "en")
        words = passage(cited, sources)
        assert words is not None
        assert words.startswith(cited.first) and words.rstrip(" .").endswith(cited.last.rstrip(" ."))


@pytest.mark.parametrize("language", ["en", "es"])
def test_search_finds_words_of_both_languages_without_case_and_accents(store: Store, language: str) -> None:
    found = [search(store, words, language).rows for words in ("niñez", "NINEZ", "  niñez ")]
    assert found[0] and found[0] == found[1] == found[2]
    assert all(isinstance(row[1], Literal) and row[1].language == language for row in found[0])


def test_search_wants_all_words_as_beginnings(store: Store) -> None:
    both = {row[0] for row in search(store, "child deten", "en").rows}
    each = [{row[0] for row in search(store, word, "en").rows} for word in ("child", "deten")]
    assert both and both <= each[0] & each[1]
    assert not search(store, "hild", "en").rows


def test_search_puts_those_whose_statement_has_the_words_first(store: Store) -> None:
    where = [row[6].value for row in search(store, "children", "en").rows if isinstance(row[6], Literal)]
    assert where == sorted(where, reverse=True) and set(where) <= {"statement", "labels"}


@pytest.mark.parametrize("words", ["", "  ", "\n"])
def test_searching_for_nothing_is_refused(store: Store, words: str) -> None:
    with pytest.raises(Refusal, match="Nothing to search for"):
        search(store, words, "en")


@pytest.mark.parametrize("words", ["zzzzzz", "-", '"', "\\", "%", "' OR 1=1"])
def test_searching_for_what_is_nowhere_finds_nothing(store: Store, words: str) -> None:
    assert search(store, words, "en").rows == []
