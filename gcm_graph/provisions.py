"""Provisions one by one: found by a short name or by words, and cited."""

import json
from dataclasses import dataclass
from urllib.parse import quote

from pyoxigraph import Literal, NamedNode, Store

from gcm_graph.codes import fold
from gcm_graph.errors import Refusal, near_misses
from gcm_graph.sources import Sources
from gcm_graph.sparql import Rows, run
from gcm_graph.vocabulary import ID, expand

STYLES = ("text", "bibtex", "csl", "ris")

_CITED = """
SELECT ?provision ?statement ?lang ?section ?paragraph ?sentence ?item ?start ?end ?first ?last ?checksum
       ?title ?issued ?submission ?text ?standing ?preparer
WHERE {{
  VALUES ?provision {{ {} }}
  ?provision gcm:statement ?statement ; gcm:inPart ?part ; gcm:inSubmission ?document ; gcm:hasPassage ?passage .
  BIND (LANG(?statement) AS ?lang)
  ?part skos:notation ?section .
  ?document skos:notation ?submission ; dcterms:title ?title ; gcm:standing ?standing ; gcm:hasSourceText/gcm:sha256 ?text .
  FILTER (LANG(?title) = ?lang && LANG(?standing) = ?lang)
  OPTIONAL {{ ?document dcterms:issued ?issued }}
  OPTIONAL {{ ?document gcm:preparedBy/rdfs:label ?preparer FILTER (LANG(?preparer) = ?lang) }}
  ?passage oa:hasSelector ?position , ?range ; gcm:sha256 ?checksum .
  ?position oa:start ?start ; oa:end ?end .
  ?range oa:hasStartSelector/oa:exact ?first ; oa:hasEndSelector/oa:exact ?last .
  OPTIONAL {{ ?passage gcm:paragraphOrdinal ?paragraph }}
  OPTIONAL {{ ?passage gcm:sentenceOrdinal ?sentence }}
  OPTIONAL {{ ?passage gcm:itemOrdinal ?item }}
}}
"""


@dataclass(frozen=True)
class Citation:
    """Where a provision stands: everything that a reference needs, in one language."""

    iri: str
    statement: str
    section: str
    paragraph: int
    sentence: int | None
    item: int | None
    start: int
    end: int
    first: str
    last: str
    checksum: str
    title: str
    year: str
    submission: str
    text_checksum: str
    standing: str
    preparer: str
    language: str

    @property
    def pinpoint(self) -> str:
        """Section with the ordinal of list item, or of paragraph and sentence."""
        spanish = self.language == "es"
        if self.item:
            return f"{self.section}, {'elemento de lista' if spanish else 'list item'} {self.item}"
        words = ("párr.", "oración") if spanish else ("para.", "sentence")
        return f"{self.section}, {words[0]} {self.paragraph}, {words[1]} {self.sentence}"


def find_provision(store: Store, name: str) -> str:
    """Return the IRI of a provision given as IRI, `guatemala-2017/III.5-b01`, or `III.5-b01` where one submission has it.

    Raises Refusal with near misses, or with the candidates where several submissions have it.
    """
    known = provisions(store)
    iri = expand(name.strip().strip("<>"))
    iri = iri if iri.startswith(ID) else ID + name.strip("/ ")
    if iri in known:
        return iri
    local = {i.rpartition("/")[2]: i for i in known}
    candidates = [i for i in known if i.rpartition("/")[2].casefold() == name.strip().casefold()]
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        raise Refusal(f"{name!r} stands in several submissions.", "Say which: " + ", ".join(i.removeprefix(ID) for i in candidates) + ".")
    folded = {i.casefold(): i for i in local}
    hint = near_misses(name.rpartition("/")[2], folded, folded.__getitem__)
    raise Refusal(f"There is no provision {name!r}.", hint or "'gcm-graph export --table provisions -' lists all of them.")


def citation(store: Store, iri: str, language: str) -> Citation:
    """Return where the provision with that IRI stands, in a language; raise Refusal if it has no passage."""
    rows = run(store, _CITED.format(NamedNode(iri)))
    assert isinstance(rows, Rows)
    for row in rows.rows:
        v = {name: getattr(term, "value", None) for name, term in zip(rows.variables, row, strict=True)}
        if v["lang"] == language:
            return Citation(
                iri=iri,
                statement=v["statement"] or "",
                section=v["section"] or "",
                paragraph=int(v["paragraph"] or 0),
                sentence=int(v["sentence"]) if v["sentence"] else None,
                item=int(v["item"]) if v["item"] else None,
                start=int(v["start"] or 0),
                end=int(v["end"] or 0),
                first=v["first"] or "",
                last=v["last"] or "",
                checksum=v["checksum"] or "",
                title=v["title"] or "",
                year=(v["issued"] or "")[:4],
                submission=v["submission"] or "",
                text_checksum=v["text"] or "",
                standing=v["standing"] or "",
                preparer=v["preparer"] or "",
                language=language,
            )
    raise Refusal(f"{iri} has no passage to cite.", "'gcm-graph check' says what is amiss.")


def passage(cited: Citation, sources: Sources) -> str | None:
    """Return the words of the passage if the source text is at hand; raise Refusal if they don't match their checksum."""
    source = sources.get(cited.text_checksum)
    if source is None:
        return None
    from hashlib import sha256

    words = source.text[cited.start : cited.end]
    if sha256(words.encode()).hexdigest() != cited.checksum:
        place = f"The words at {cited.start}–{cited.end} of {source.path}"
        raise Refusal(f"{place} aren't those of {cited.iri}.", "'gcm-graph check' tells more.")
    return words


def cite(cited: Citation, style: str, words: str | None = None) -> str:
    """Return a citation as plain text, BibTeX, CSL JSON or RIS; `words` is the passage where it is at hand."""
    spanish = cited.language == "es"
    position = f"{'posiciones' if spanish else 'positions'} {cited.start}–{cited.end}"
    quoted = f"{cited.first} … {cited.last}" if words is None else words
    key = cited.iri.removeprefix(ID).replace("/", "-").replace(".", "-").lower()
    if style == "bibtex":
        fields = {
            "title": f"{{{cited.title}}}",
            "author": f"{{{cited.preparer}}}" if cited.preparer else "",
            "year": cited.year,
            "note": f"{cited.pinpoint}, {position}; {cited.standing}",
            "url": cited.iri,
        }
        lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
        return f"@misc{{{key},\n" + ",\n".join(lines) + "\n}"
    if style == "csl":
        entry: dict[str, object] = {
            "id": key,
            "type": "report",
            "title": cited.title,
            "locator": f"{cited.pinpoint}, {position}",
            "URL": cited.iri,
            "abstract": cited.statement,
            "note": cited.standing,
            "language": cited.language,
        }
        if cited.preparer:
            entry["author"] = [{"literal": cited.preparer}]
        if cited.year:
            entry["issued"] = {"date-parts": [[int(cited.year)]]}
        return json.dumps([entry], ensure_ascii=False, indent=2)
    if style == "ris":
        tags = [
            ("TY", "RPRT"), ("TI", cited.title), ("AU", cited.preparer), ("PY", cited.year), ("SE", f"{cited.pinpoint}, {position}"),
            ("AB", cited.statement), ("N1", cited.standing), ("LA", cited.language), ("UR", quote(cited.iri, safe=":/#")), ("ER", ""),
        ]  # fmt: skip
        return "\n".join(f"{tag}  - {value}" for tag, value in tags if value or tag == "ER")
    label = "Resumen de GCM Graph" if spanish else "Summary by GCM Graph"
    passage_label = ("Pasaje" if spanish else "Passage") if words is not None else ("Comienza y termina" if spanish else "Begins and ends")
    return (
        f"{cited.title}, {cited.pinpoint} ({position}).\n{cited.iri}\n\n"
        f"{label}: {cited.statement}\n{passage_label}: “{quoted}”\n{cited.standing}"
    )


def search(store: Store, wanted: str, language: str) -> Rows:
    """Return the provisions in whose statement, in either language, or whose group, right or service labels all words occur.

    Words are compared without case and accents, as beginnings of words; those whose statement has them come first.
    Columns: provision, statement, kind, section, start, end, found_in, submission.
    """
    words_wanted = fold(wanted).split()
    if not words_wanted:
        raise Refusal("Nothing to search for.", "Give one or more words.")
    answer = run(store, _SEARCHED)
    assert isinstance(answer, Rows)
    found: dict[str, list[str]] = {"statement": [], "labels": []}
    terms: dict[str, list[object]] = {}
    for provision, shown_en, shown_es, kind, section, start, end, submission, labels in answer.rows:
        text = fold(f"{shown_en.value} {shown_es.value}")  # type: ignore[union-attr]
        beginnings = _words(text)
        iri = provision.value  # type: ignore[union-attr]
        terms[iri] = [provision, shown_es if language == "es" else shown_en, kind, section, start, end, submission]
        if all(any(b.startswith(w) for b in beginnings) for w in words_wanted):
            found["statement"].append(iri)
        elif labels and all(any(b.startswith(w) for b in beginnings | _words(fold(labels.value))) for w in words_wanted):  # type: ignore[union-attr]
            found["labels"].append(iri)
    rows = [[*terms[iri][:6], Literal(where), terms[iri][6]] for where in ("statement", "labels") for iri in found[where]]
    return Rows(["provision", "statement", "kind", "section", "start", "end", "found_in", "submission"], rows)  # type: ignore[arg-type]


_SEARCHED = """
SELECT ?provision ?en ?es ?kind ?section ?start ?end ?submission (GROUP_CONCAT(?label; SEPARATOR = " ") AS ?labels)
WHERE {
  ?provision gcm:statement ?en , ?es ; a/^gcm:standsForClass/skos:notation ?kind ; gcm:inPart/skos:notation ?section ;
             gcm:inSubmission/skos:notation ?submission ; gcm:hasPassage/oa:hasSelector ?position .
  FILTER (LANG(?en) = "en" && LANG(?es) = "es")
  ?position oa:start ?start ; oa:end ?end .
  OPTIONAL {
    { ?provision gcm:concernsRight|gcm:concernsService|gcm:usesMeasure ?thing . ?thing skos:prefLabel|skos:altLabel ?label }
    UNION {
      ?coverage gcm:statedGroup ?thing . ?provision ?role ?coverage . [] gcm:standsForProperty ?role .
      ?thing skos:prefLabel|skos:altLabel ?label
    }
  }
}
GROUP BY ?provision ?en ?es ?kind ?section ?start ?end ?submission
ORDER BY ?submission ?start ?end
"""


def _words(text: str) -> set[str]:
    return {"".join(c for c in word if c.isalnum()) for word in text.replace("-", " ").replace("/", " ").split()}


def provisions(store: Store) -> set[str]:
    """Return the IRIs of all provisions."""
    rows = run(store, "SELECT DISTINCT ?p { ?p gcm:statement ?statement }")
    assert isinstance(rows, Rows)
    return {row[0].value for row in rows.rows}  # type: ignore[union-attr]
