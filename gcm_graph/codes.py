"""Codes of the schemes: what values there are, in both languages, and which one somebody means.

A value may be given as code, IRI, prefixed name or label in either language, whatever its case and accents.
"""

import unicodedata
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode, Store

from gcm_graph.errors import Refusal, near_misses
from gcm_graph.sparql import Rows, run
from gcm_graph.vocabulary import BASE, ID, expand

# What isn't a SKOS scheme but has short names all the same: its members, and where their label stands.
_NOT_SCHEMES = {
    "submission": "?thing a gcm:Submission ; skos:notation ?code ; dcterms:title ?label .",
    "section": "?thing a gcm:DocumentPart ; skos:notation ?code ; dcterms:title ?label .",
    "instrument": "GRAPH gcmid:instrument { ?thing skos:notation ?code ; rdfs:label|skos:hiddenLabel ?label }",
}
SCHEME_TYPES = tuple(_NOT_SCHEMES)
_SCHEME = "?thing skos:inScheme <{}{}> ; skos:notation ?code ; skos:prefLabel|skos:altLabel ?label ."


@dataclass
class Code:
    """One value: its code, the IRI that it abbreviates, a label in each language, and its other labels."""

    code: str
    iri: str
    labels: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)


def codes(store: Store, scheme: str) -> dict[str, Code]:
    """Return the values of a scheme (`group`, `right`, …, `submission`, `section`, `instrument`) by code."""
    pattern = _NOT_SCHEMES.get(scheme) or _SCHEME.format(ID, scheme)
    answer = run(store, f"SELECT ?thing ?code ?label {{ {pattern} }} ORDER BY ?code ?label")
    assert isinstance(answer, Rows)
    preferred = _preferred(store, scheme)
    found: dict[str, Code] = {}
    for thing, code, label in answer.rows:
        assert isinstance(thing, NamedNode) and isinstance(code, Literal) and isinstance(label, Literal)
        entry = found.setdefault(code.value, Code(code.value, thing.value))
        language = label.language or "en"
        if (thing.value, label.value) in preferred or language not in entry.labels:
            if language in entry.labels:
                entry.others.append(entry.labels[language])
            entry.labels[language] = label.value
        else:
            entry.others.append(label.value)
    return found


def resolve(known: dict[str, Code], text: str, what: str) -> Code:
    """Return the value that `text` means; raise Refusal naming near misses if there is none.

    `what` names the parameter or column in the message.
    """
    if text in known:
        return known[text]
    iri = expand(text.strip().strip("<>"))
    wanted = fold(text)
    names: dict[str, str] = {}
    for entry in known.values():
        if entry.iri == iri or fold(entry.code) == wanted:
            return entry
        for label in (*entry.labels.values(), *entry.others):
            names.setdefault(fold(label), entry.code)
    if wanted in names:
        return known[names[wanted]]
    names |= {fold(code): code for code in known}
    hint = near_misses(wanted, names, names.__getitem__)
    listing = ", ".join(sorted(known)) if len(known) <= 12 else ""
    allowed = f"Allowed: {listing}." if listing else f"'gcm-graph questions {what}' lists them."
    raise Refusal(f"{text!r} is no value of {what}.", hint or allowed)


def fold(text: str) -> str:
    """Return a text without case, accents and surplus spaces, for comparing what people type."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def thing_label(store: Store, iri: str, language: str) -> str:
    """Return the label of a thing in a language (else in any), or its IRI without the base."""
    node = NamedNode(iri)
    best = ""
    for quad in store.quads_for_pattern(node, None, None):
        if quad.predicate.value in _LABELS and isinstance(quad.object, Literal):
            if quad.object.language == language:
                return quad.object.value
            best = best or quad.object.value
    return best or iri.removeprefix(ID).removeprefix(f"{BASE}/")


_LABELS = {
    "http://www.w3.org/2004/02/skos/core#prefLabel",
    "http://www.w3.org/2000/01/rdf-schema#label",
    "http://purl.org/dc/terms/title",
}


def _preferred(store: Store, scheme: str) -> set[tuple[str, str]]:
    if scheme in _NOT_SCHEMES:
        return set()
    answer = run(store, f"SELECT ?thing ?label {{ ?thing skos:inScheme <{ID}{scheme}> ; skos:prefLabel ?label }}")
    assert isinstance(answer, Rows)
    return {(t.value, label.value) for t, label in answer.rows if isinstance(t, NamedNode) and isinstance(label, Literal)}
