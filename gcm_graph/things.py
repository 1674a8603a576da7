"""One thing with all that is known of it: its statements, those of the nodes that belong to it, and what points to it."""

from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode, Quad, Store

from gcm_graph.codes import SCHEME_TYPES, codes, fold, thing_label
from gcm_graph.errors import Refusal, near_misses
from gcm_graph.provisions import find_provision, provisions
from gcm_graph.vocabulary import BASE, ID, SCHEMES, compact, expand

_SHOWN_POINTERS = 200  # of one property; a code list has thousands


@dataclass
class Fact:
    """One property of a thing: its name, its label, and values as (text, IRI or empty, facts of an inner node)."""

    property: str
    label: str
    values: list[tuple[str, str, "list[Fact]"]] = field(default_factory=list)


@dataclass(frozen=True)
class Description:
    """A thing: IRI, label, the graphs that speak of it, what they say of it, what follows, what points to it, and the statements."""

    iri: str
    label: str
    graphs: list[str]
    facts: list[Fact]
    inferred: list[Fact]
    pointers: list[Fact]
    quads: list[Quad]


def find_thing(store: Store, name: str) -> str:
    """Return the IRI that a name means: an IRI, a prefixed name, a path below the base, a code, a provision, or a label.

    Raises Refusal with near misses, or with the candidates where a bare code is in several schemes.
    """
    text = name.strip().strip("<>")
    for iri in (expand(text), ID + text, f"{BASE}/{text}", text):
        if iri.startswith("http") and _known(store, iri):
            return iri
    found: dict[str, str] = {}
    labels: dict[str, str] = {}
    for scheme in (*SCHEMES, *SCHEME_TYPES):
        for code in codes(store, scheme).values():
            names = {code.code, *code.labels.values(), *code.others}
            if fold(text) in {fold(n) for n in names}:
                found[code.iri] = scheme
            labels |= {fold(n): compact(code.iri) for n in names}
    if len(found) == 1:
        return next(iter(found))
    if found:
        raise Refusal(f"{name!r} means several things.", "Say which: " + ", ".join(sorted(compact(i) for i in found)) + ".")
    try:
        return find_provision(store, text)
    except Refusal as refusal:
        labels |= {iri.rpartition("/")[2].casefold(): iri.removeprefix(ID) for iri in provisions(store)}
        hint = near_misses(fold(text), labels, labels.__getitem__)
        raise Refusal(f"Nothing is known as {name!r}.", hint or refusal.remedy) from None


def describe(store: Store, iri: str, language: str) -> Description:
    """Return all that the store says of a thing and of the nodes under its IRI, with labels in a language."""
    node = NamedNode(iri)
    inner = {iri}
    facts = _facts(store, node, language, inner)
    pointing: dict[str, Fact] = {}
    for quad in store.quads_for_pattern(None, None, node):
        subject = quad.subject
        if not isinstance(subject, NamedNode) or subject.value in inner or _inferred(quad):
            continue
        fact = pointing.setdefault(quad.predicate.value, Fact(quad.predicate.value, thing_label(store, quad.predicate.value, language)))
        if len(fact.values) < _SHOWN_POINTERS:
            fact.values.append((thing_label(store, subject.value, language), subject.value, []))
    for fact in pointing.values():
        fact.values.sort(key=lambda value: value[1])
    quads = [q for name in sorted(inner) for q in store.quads_for_pattern(NamedNode(name), None, None) if not _inferred(q)]
    graphs = sorted({q.graph_name.value for q in quads if isinstance(q.graph_name, NamedNode)})
    return Description(
        iri, thing_label(store, iri, language), graphs, facts, _following(store, node, language), list(pointing.values()), quads
    )


def _following(store: Store, node: NamedNode, language: str) -> list[Fact]:
    """Return what is inferred of a thing in terms of our own properties, one fact a property."""
    facts: dict[str, Fact] = {}
    for quad in store.quads_for_pattern(node, None, None):
        name = quad.predicate.value
        if _inferred(quad) and name.startswith(f"{BASE}/ontology#") and isinstance(quad.object, NamedNode):
            fact = facts.setdefault(name, Fact(name, thing_label(store, name, language)))
            fact.values.append((thing_label(store, quad.object.value, language), quad.object.value, []))
    for fact in facts.values():
        fact.values.sort()
    return sorted(facts.values(), key=lambda fact: fact.property)


def _inferred(quad: Quad) -> bool:
    return str(getattr(quad.graph_name, "value", "")).endswith("/inferred")


def _facts(store: Store, node: NamedNode, language: str, inner: set[str]) -> list[Fact]:
    facts: dict[str, Fact] = {}
    for quad in store.quads_for_pattern(node, None, None):
        name, value = quad.predicate.value, quad.object
        if _inferred(quad) or (isinstance(value, Literal) and value.language not in (None, language)):
            continue
        fact = facts.setdefault(name, Fact(name, thing_label(store, name, language)))
        if isinstance(value, Literal):
            fact.values.append((value.value, "", []))
        elif isinstance(value, NamedNode):
            below: list[Fact] = []
            if _belongs(value.value, node.value) and value.value not in inner:
                inner.add(value.value)
                below = _facts(store, value, language, inner)
            fact.values.append((thing_label(store, value.value, language), value.value, below))
    for fact in facts.values():
        fact.values.sort(key=lambda value: (value[1], value[0]))
    return sorted(facts.values(), key=lambda fact: _ORDER.get(compact(fact.property), 50))


# What a reader looks for first; the rest follows as it comes.
_FIRST = (
    "rdf:type gcm:statement gcm:standing skos:prefLabel rdfs:label dcterms:title skos:definition gcm:inSubmission gcm:inPart gcm:hasPassage"
).split()
_ORDER = {name: place for place, name in enumerate(_FIRST)}


def _belongs(iri: str, owner: str) -> bool:
    """Whether a node is a part of another by its IRI: its passage, coverage, selector, or a position read from it."""
    return iri.replace("/interpretation/", "/").startswith(f"{owner.removesuffix('-passage')}-")


def _known(store: Store, iri: str) -> bool:
    try:
        return next(store.quads_for_pattern(NamedNode(iri), None, None), None) is not None
    except ValueError:
        return False
