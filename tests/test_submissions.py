"""The shipped submission, held against its source text and against the project's own rules."""

import re
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Store

from gcm_graph.content import Content
from gcm_graph.questions import plain
from gcm_graph.sparql import Rows, run
from gcm_graph.tables import table

GUATEMALA = "guatemala-gcm-2017.md"
WORDS_IN_A_ROW = 9  # from a source, that no file of the project may hold


@pytest.fixture(scope="session")
def provisions(store: Store, content: Content) -> list[dict[str, Any]]:
    """The exported table, a dict for each provision."""
    rows = table(store, content, "provisions", ["guatemala-2017"])
    return [{name: plain(cell) for name, cell in zip(rows.variables, row, strict=True)} for row in rows.rows]


@pytest.fixture(scope="session")
def text(sources_dir: Path) -> str:
    """The source text of the Guatemala paper, line ends kept."""
    return (sources_dir / GUATEMALA).read_bytes().decode("utf-8")


def select(store: Store, query: str) -> list[list[Any]]:
    rows = run(store, query)
    assert isinstance(rows, Rows)
    return [[plain(term) for term in row] for row in rows.rows]


def passages(store: Store) -> list[list[Any]]:
    """Return start, end, checksum, first and last words of every passage, set aside or not, by start."""
    return select(
        store,
        """SELECT ?start ?end ?sha ?first ?last ?passage {
          ?passage gcm:inSubmission gcmid:guatemala-2017 ; gcm:sha256 ?sha ; oa:hasSelector ?position , ?range .
          ?position oa:start ?start ; oa:end ?end .
          ?range oa:hasStartSelector/oa:exact ?first ; oa:hasEndSelector/oa:exact ?last .
        } ORDER BY ?start""",
    )


def test_the_text_is_the_one_that_was_read(store: Store, text: str) -> None:
    [[checksum, length]] = select(store, "SELECT ?sha ?length { ?t a gcm:SourceText ; gcm:sha256 ?sha ; gcm:length ?length }")
    assert checksum == sha256(text.encode()).hexdigest()
    assert length == len(text)


def test_every_passage_stands_at_its_position_to_the_character(store: Store, text: str) -> None:
    found = passages(store)
    assert len(found) > 190
    for start, end, checksum, first, last, passage in found:
        words = text[start:end]
        assert sha256(words.encode()).hexdigest() == checksum, passage
        assert words.startswith(first), passage
        assert words.endswith(last), passage
        assert words == words.strip(), passage


def test_nothing_of_parts_two_to_four_is_unaccounted_for(store: Store, text: str) -> None:
    found = passages(store)
    assert found[0][0] == text.index("#### II.")
    assert not text[found[-1][1] : text.index("### WITH THE SUPPORT")].strip()
    for (_, end, *_), (start, *_) in pairwise(found):
        assert end <= start, "passages overlap"
        assert text[end:start].strip() in ("", "-"), text[end:start]


def test_every_list_item_of_the_paper_is_a_bullet(provisions: list[dict[str, Any]], text: str) -> None:
    body = text[text.index("#### II.") : text.index("### WITH THE SUPPORT")]
    items = re.findall(r"^- ", body, re.MULTILINE)
    bullets = {re.sub(r"[a-z]$", "", p["iri"]) for p in provisions if p["form"] == "bullet"}
    assert len(items) == len(bullets) == 35


def test_ids_count_items_and_sentences_of_each_section_in_order(provisions: list[dict[str, Any]]) -> None:
    seen: dict[tuple[str, str], list[int]] = {}
    for provision in provisions:
        name = provision["iri"].rpartition("/")[2]
        match = re.fullmatch(r"([IV.\d]+)-([bp])(\d\d)([a-z]?)", name)
        assert match, name
        assert match[1] == provision["section"]
        assert match[2] == {"bullet": "b", "prose": "p"}[provision["form"]]
        seen.setdefault((match[1], match[2]), []).append(int(match[3]))
    for numbers in seen.values():
        assert list(dict.fromkeys(numbers)) == list(range(1, max(numbers) + 1))


def test_first_and_last_words_cite_and_do_not_copy(store: Store) -> None:
    lengths = select(
        store,
        """SELECT ?first ?last ?start ?end { ?p gcm:hasPassage ?passage . ?passage oa:hasSelector ?position , ?range .
        ?position oa:start ?start ; oa:end ?end . ?range oa:hasStartSelector/oa:exact ?first ; oa:hasEndSelector/oa:exact ?last }""",
    )
    assert lengths
    for first, last, start, end in lengths:
        assert len(first.split()) <= 4
        assert len(last.split()) <= 4
        if end - start < 100:  # a short passage gives at most a third of itself, but two words on either side
            assert len(first.split()) <= 2
            assert len(last.split()) <= 2


def word_list(words: str) -> list[str]:
    return re.findall(r"[^\W_]+", words.lower())


def runs(words: list[str]) -> Iterable[tuple[str, ...]]:
    return (tuple(words[i : i + WORDS_IN_A_ROW]) for i in range(len(words) - WORDS_IN_A_ROW + 1))


def test_no_file_holds_a_sentence_of_a_source(content: Content, sources_dir: Path) -> None:
    known = {run_ for source in sources_dir.iterdir() if source.is_file() for run_ in runs(word_list(source.read_text("utf-8")))}
    assert len(known) > 5000
    files = [p for folder in ("instances", "ontology", "queries", "shapes", "docs", "tests") for p in (content.root / folder).rglob("*")]
    read = [p for p in (*files, *content.root.glob("*.md")) if p.suffix in (".ttl", ".rq", ".md", ".yaml", ".py", ".txt")]
    assert len(read) > 60
    for path in read:
        copied = [" ".join(r) for r in runs(word_list(path.read_text("utf-8"))) if r in known]
        assert not copied, f"{path.name}: {copied[0]}"


def test_statements_are_one_short_sentence_in_each_language(provisions: list[dict[str, Any]]) -> None:
    assert len(provisions) == 146
    for provision in provisions:
        for column in ("statement_en", "statement_es"):
            statement = provision[column]
            assert 10 < len(statement) <= 300, provision["iri"]
            assert statement.endswith("."), provision["iri"]
            assert statement[0].isupper() or statement[0] == "¿", provision["iri"]


def test_the_event_and_the_preparation_are_those_of_the_paper(store: Store) -> None:
    [[begun, ended, convened, moderated, prepared]] = select(
        store,
        """SELECT (STR(?from) AS ?a) (STR(?to) AS ?b) ?c ?m ?p { gcmid:guatemala-2017 prov:wasGeneratedBy ?event ; gcm:preparedBy ?p .
        ?event prov:startedAtTime ?from ; prov:endedAtTime ?to ; gcm:convenedBy ?c ; gcm:moderatedBy ?m }""",
    )
    assert (begun[:10], ended[:10]) == ("2017-10-09", "2017-10-10")
    assert convened.endswith("/ministry-of-foreign-affairs-of-guatemala")
    assert moderated.endswith("/iom")
    assert prepared.endswith("/iom")


def test_the_contents_give_the_page_of_every_section(store: Store) -> None:
    pages = dict(select(store, "SELECT ?code ?page { ?part a gcm:DocumentPart ; skos:notation ?code ; gcm:pageInContents ?page }"))
    assert pages == {
        "I": 2, "II": 3, "II.1": 3, "II.2": 3, "II.3": 4, "II.4": 4, "III": 5, "III.1": 5, "III.2": 6, "III.3": 8, "III.4": 9,
        "III.5": 10, "III.6": 12, "IV": 13, "IV.1": 13, "IV.2": 14,
    }  # fmt: skip


def kappa(first: list[Any], second: list[Any]) -> tuple[int, float, float]:
    """Return the number of decisions, the share on which two readers agree, and Cohen's kappa."""
    count = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    ones, twos = Counter(first), Counter(second)
    chance = sum(ones[value] * twos[value] for value in ones) / count**2
    return count, observed, (observed - chance) / (1 - chance)


def readings(store: Store, reader: str, *properties: str) -> dict[str, frozenset[str]]:
    """Return what a reader read, by target: the codes under any of the properties."""
    path = "|".join(f"gcm:{p}" for p in properties)
    rows = select(
        store,
        f"""SELECT ?target ?code {{ ?reading oa:hasTarget ?target ; dcterms:creator agent:{reader} .
        OPTIONAL {{ ?reading {path} ?value . ?value skos:notation ?code }} }}""",
    )
    found: dict[str, set[str]] = {}
    for target, code in rows:
        found.setdefault(target, set()).update([code] if code else [])
    return {target: frozenset(codes) for target, codes in found.items()}


def test_the_published_agreement_follows_from_the_published_readings(store: Store) -> None:
    published = {
        field: (items, round(float(agreement), 4), round(float(value), 4))
        for field, items, agreement, value in select(
            store,
            """SELECT ?f ?n (STR(?a) AS ?x) (STR(?k) AS ?y) {
              ?m gcm:comparedField ?f ; gcm:comparedItems ?n ; gcm:observedAgreement ?a ; gcm:kappa ?k }""",
        )
    }
    provisions = {row[0] for row in select(store, "SELECT ?p { ?p gcm:statement ?s }")}
    computed = {}
    for field, properties in (
        ("kind", ("readsKind", "readsAsSetAside")),
        ("bearer", ("readsBearer",)),
        ("measure", ("readsMeasure",)),
        ("group", ("readsGroup",)),
    ):
        one, two = readings(store, "first-reader", *properties), readings(store, "second-reader", *properties)
        targets = sorted(one if field == "kind" else provisions)
        assert one.keys() == two.keys()
        if field == "group":
            groups = sorted({code for codes in (*one.values(), *two.values()) for code in codes})
            figures = kappa([g in one[t] for t in targets for g in groups], [g in two[t] for t in targets for g in groups])
        else:
            figures = kappa([one[t] for t in targets], [two[t] for t in targets])
        computed[field] = (figures[0], round(figures[1], 4), round(figures[2], 4))
    assert computed == published


def test_every_difference_between_the_readers_is_settled_by_a_note(store: Store) -> None:
    noted = {row[0] for row in select(store, "SELECT DISTINCT ?p { ?p skos:editorialNote ?note }")}
    differing = set()
    for properties in (("readsKind", "readsAsSetAside"), ("readsBearer",), ("readsMeasure",), ("readsGroup",)):
        one, two = readings(store, "first-reader", *properties), readings(store, "second-reader", *properties)
        differing |= {target for target in one if one[target] != two[target]}
    assert len(differing) > 10
    assert differing <= noted


def test_each_commitment_expresses_a_position_and_claims_are_left_to_rules(store: Store) -> None:
    assert not select(store, "SELECT ?c { ?c a gcm:Commitment MINUS { ?c gcm:expresses ?position } }")
    claims = select(store, "SELECT DISTINCT ?graph { GRAPH ?graph { ?c a gcm:ClaimRight } }")
    assert claims == [["https://w3id.org/gcm-graph/id/guatemala-2017/inferred"]]


def test_nothing_is_imputed_where_the_text_names_a_party_that_can_act(store: Store) -> None:
    rows = select(store, "SELECT ?p ?named { ?p gcm:hasImputedBearer ?imputed ; gcm:hasStatedBearer|gcm:hasLeadInBearer ?named }")
    assert len(rows) > 30
    assert {named.rpartition("/")[2] for _, named in rows} == {"compact"}
