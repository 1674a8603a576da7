"""What follows from the ontology: its axioms compiled to SPARQL rules and run to a fixpoint on Oxigraph.

The closure is kept apart from what is asserted: `…/id/X/inferred` holds what follows for the file X and is neither
asserted in X nor in what X builds on. Vocabularies, reference files and the ontology are closed once; a submission
is closed on top of them, at a cost in proportion to itself. Rules that mint nodes (claims, overlaps) are CONSTRUCT
queries in `queries/rules/`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store, Triple

from gcm_graph.content import RULES, Content
from gcm_graph.errors import Refusal
from gcm_graph.sparql import Rows, Term
from gcm_graph.store import open_store
from gcm_graph.vocabulary import BASE, ID, PREFIXES, compact, expand

_OWL, _RDF, _RDFS = PREFIXES["owl"], PREFIXES["rdf"], PREFIXES["rdfs"]
_TYPE = f"{_RDF}type"
_HERE = DefaultGraph()

# Axioms that a rule can't add anything by: annotations, declarations, and what says only when content contradicts itself.
_NO_RULE = {
    f"{_OWL}{name}"
    for name in "AnnotationProperty Class DatatypeProperty NamedIndividual ObjectProperty Ontology Restriction AllDisjointClasses".split()
} | {f"{_OWL}{name}" for name in "members complementOf disjointWith onProperty hasValue".split()}


@dataclass(frozen=True)
class Rule:
    """One axiom as a rule: a name to cite it by, the pattern of what it needs, the triple pattern that follows.

    `body` and `head` hold triple patterns of variables (`?x`) and IRIs. A rule that mints has no `head`, but a query.
    """

    name: str
    body: tuple[tuple[str, str, str], ...]
    head: tuple[str, str, str] | None
    query: str
    reads: frozenset[str]  # the predicates (of a minting rule: all names) that it looks at


def _rule(name: str, body: Iterable[tuple[str, str, str]], head: tuple[str, str, str]) -> Rule:
    patterns = tuple(body)

    def shown(pattern: tuple[str, str, str]) -> str:
        return " ".join(term if term.startswith("?") else f"<{term}>" for term in pattern) + " ."

    query = f"CONSTRUCT {{ {shown(head)} }} WHERE {{ {' '.join(map(shown, patterns))} FILTER NOT EXISTS {{ {shown(head)} }} }}"
    return Rule(name, patterns, head, query, frozenset(predicate for _, predicate, _ in patterns))


def compile_axioms(ontology: Iterable[Triple]) -> list[Rule]:
    """Return a rule for each axiom of the ontology that lets something follow.

    Raises Refusal for a kind of axiom that isn't compiled, so that nothing is left out in silence.
    """
    triples = list(ontology)
    known = Store()
    known.bulk_extend(map(_here, triples))
    rules: list[Rule] = []
    for triple in triples:
        rules += _compile(known, triple)
    return sorted(rules, key=lambda rule: rule.name)


def _compile(known: Store, triple: Triple) -> Iterator[Rule]:
    subject, predicate, value = triple.subject, triple.predicate.value, triple.object
    if isinstance(value, Literal):
        return
    if isinstance(subject, BlankNode):
        if predicate == f"{_RDFS}subClassOf" and isinstance(value, NamedNode):
            yield from _defined_class(known, subject, value.value)
        return
    assert isinstance(subject, NamedNode) and isinstance(value, NamedNode | BlankNode)
    a, b = subject.value, value.value
    said = f"{compact(a)} {compact(predicate)} {compact(b)}"
    if predicate == f"{_RDFS}subClassOf":
        yield _rule(said, [("?x", _TYPE, a)], ("?x", _TYPE, b))
    elif predicate == f"{_RDFS}subPropertyOf":
        yield _rule(said, [("?x", a, "?y")], ("?x", b, "?y"))
    elif predicate == f"{_RDFS}domain" and isinstance(value, NamedNode):
        yield _rule(said, [("?x", a, "?y")], ("?x", _TYPE, b))
    elif predicate == f"{_RDFS}range" and _is_class(known, value):
        yield _rule(said, [("?y", a, "?x")], ("?x", _TYPE, b))
    elif predicate == f"{_OWL}inverseOf":
        yield _rule(said, [("?x", b, "?y")], ("?y", a, "?x"))
        yield _rule(f"{said} (back)", [("?x", a, "?y")], ("?y", b, "?x"))
    elif predicate == f"{_OWL}propertyChainAxiom":
        links = list(_list(known, value))
        names = [f"?x{i}" for i in range(len(links) + 1)]
        body = [(names[i], link, names[i + 1]) for i, link in enumerate(links)]
        yield _rule(f"{compact(a)} owl:propertyChainAxiom ( {' '.join(map(compact, links))} )", body, (names[0], a, names[-1]))
    elif predicate == _TYPE and b == f"{_OWL}TransitiveProperty":
        yield _rule(said, [("?x", a, "?y"), ("?y", a, "?z")], ("?x", a, "?z"))
    elif predicate == _TYPE and b == f"{_OWL}SymmetricProperty":
        yield _rule(said, [("?x", a, "?y")], ("?y", a, "?x"))
    elif _needs_rule(predicate, value):
        raise Refusal(f"The axiom {said} has no rule.", "Add one to gcm_graph/reasoning.py, with a test against HermiT.")


def _needs_rule(predicate: str, value: NamedNode | BlankNode) -> bool:
    if predicate == _TYPE:
        return value.value.startswith(_OWL) and value.value not in _NO_RULE
    return predicate.startswith(_OWL) and predicate not in _NO_RULE


def _defined_class(known: Store, restriction: BlankNode, named: str) -> Iterator[Rule]:
    """Compile `[ owl:onProperty p ; owl:hasValue v ] rdfs:subClassOf C`: whatever has p to v is a C."""
    on = _object(known, restriction, f"{_OWL}onProperty")
    value = _object(known, restriction, f"{_OWL}hasValue")
    if on is None or value is None:
        raise Refusal(f"A definition of {compact(named)} isn't of the form onProperty, hasValue.", "Write it so, or add a rule for it.")
    yield _rule(f"{compact(on)} value {compact(value)} rdfs:subClassOf {compact(named)}", [("?x", on, value)], ("?x", _TYPE, named))


def _object(known: Store, subject: NamedNode | BlankNode, predicate: str) -> str | None:
    quad = next(known.quads_for_pattern(subject, NamedNode(predicate), None), None)
    return quad.object.value if quad and isinstance(quad.object, NamedNode) else None


def _is_class(known: Store, node: NamedNode | BlankNode) -> bool:
    return next(known.quads_for_pattern(node, NamedNode(_TYPE), NamedNode(f"{_OWL}Class")), None) is not None


def _list(known: Store, head: NamedNode | BlankNode) -> Iterator[str]:
    node: NamedNode | BlankNode = head
    while node.value != f"{_RDF}nil":
        first = _object(known, node, f"{_RDF}first")
        rest = next(known.quads_for_pattern(node, NamedNode(f"{_RDF}rest"), None)).object
        assert first is not None and isinstance(rest, NamedNode | BlankNode)
        yield first
        node = rest


def minting_rules(folder: Path) -> list[Rule]:
    """Return the CONSTRUCT rules of a folder, in order of their names."""
    rules = []
    for path in sorted(folder.glob("*.rq")):
        text = path.read_text("utf-8")
        named = frozenset(expand(name) for name in re.findall(r"\bgcm:\w+", text))
        rules.append(Rule(path.stem, (), None, text, named))
    return rules


def run_rules(store: Store, rules: list[Rule]) -> list[Triple]:
    """Run rules on a store's default graph until nothing new follows; add what follows to it and return it.

    A rule is run again only if something that it reads is new.
    """
    found: list[Triple] = []
    waiting = list(rules)
    while waiting:
        fresh: set[str] = set()
        for rule in waiting:
            new = [t for t in store.query(rule.query, prefixes=PREFIXES) if _here(t) not in store]  # type: ignore[union-attr]
            for triple in dict.fromkeys(new):
                store.add(_here(triple))
                found.append(triple)
                fresh.add(triple.predicate.value)
        waiting = [rule for rule in rules if rule.reads & fresh]
    return found


class Closure:
    """The closure of the shared files, ready to close submissions on top of it.

    `shared` are the triples of ontology, vocabularies and reference files, `rules` what `compile_axioms` and
    `minting_rules` gave. `inferred` is what follows from them alone.
    """

    def __init__(self, shared: Iterable[Triple], rules: list[Rule]) -> None:
        self._rules = rules
        self._store = Store()
        self._store.bulk_extend(map(_here, shared))
        self.inferred = run_rules(self._store, rules)

    def of(self, asserted: Iterable[Triple]) -> list[Triple]:
        """Return what follows for one submission: neither asserted there nor shared."""
        own = list(map(_here, asserted))
        added = [quad for quad in own if quad not in self._store]
        self._store.extend(added)
        inferred = run_rules(self._store, self._rules)
        for quad in added:
            self._store.remove(quad)
        for t in inferred:
            self._store.remove(_here(t))
        return inferred


def derive(content: Content, store: Store, changed: frozenset[str]) -> dict[str, list[Quad]]:
    """Return the inferred graphs that must replace those of a store in which the `changed` graphs are new.

    Where anything shared has changed all are made anew, else those of the submissions that changed.
    """
    graphs = content.graphs()
    submissions = _submissions(content)
    shared = [graph for graph in graphs if graph != f"{BASE}/shapes" and not any(graph in own for own in submissions.values())]
    whole = bool(changed & {*shared, RULES})
    touched = {name: own for name, own in submissions.items() if whole or changed & set(own)}
    if not touched and not whole:
        return {}
    triples = [t for graph in shared for t in _triples(store, graph)]
    rules = compile_axioms(_triples(store, f"{BASE}/ontology")) + minting_rules(content.rules)
    closure = Closure(triples, rules)
    result: dict[str, list[Quad]] = {}
    if whole:
        for triple in closure.inferred:
            owner = _owner(triple)
            if owner in graphs:  # what follows for a term of another vocabulary or for the ontology itself is of no use here
                graph = NamedNode(f"{owner}/inferred")
                result.setdefault(graph.value, []).append(Quad(triple.subject, triple.predicate, triple.object, graph))
    for name, own in touched.items():
        graph = NamedNode(f"{ID}{name}/inferred")
        asserted = [t for each in own for t in _triples(store, each)]
        result[graph.value] = [Quad(t.subject, t.predicate, t.object, graph) for t in closure.of(asserted)]
    for name, quads in result.items():
        used = submissions.get(name.removeprefix(ID).removesuffix("/inferred"), [name.removesuffix("/inferred")])
        quads += _provenance(name, [*used, f"{BASE}/ontology"])
    return result


def open_graph(content: Content, directory: Path, tell: Callable[[str], None] = lambda _: None) -> Store:
    """Return the store of `content` at `directory`, open for reading, with what follows; see `store.open_store`."""
    return open_store(content, directory, tell, derive)


def inferred_quads(store: Store, submissions: Iterable[str] = ()) -> list[Quad]:
    """Return the inferred statements of a store, of the given submissions (IRIs) or of all files."""
    graphs = [g for g in store.named_graphs() if isinstance(g, NamedNode) and g.value.endswith("/inferred")]
    wanted = [NamedNode(f"{iri}/inferred") for iri in submissions] or sorted(graphs, key=lambda g: g.value)
    return [quad for graph in wanted for quad in store.quads_for_pattern(None, None, None, graph)]


def properties_inferred(quads: Iterable[Quad]) -> Rows:
    """Return how many statements were inferred, by graph and property."""
    counts = Counter((str(getattr(q.graph_name, "value", "")).removeprefix(ID), q.predicate) for q in quads)
    rows: list[list[Term | None]] = [
        [Literal(graph), predicate, Literal(count)]
        for (graph, predicate), count in sorted(counts.items(), key=lambda c: (c[0][0], c[0][1].value))
    ]
    return Rows(["graph", "property", "statements"], rows)


def _here(triple: Triple) -> Quad:
    return Quad(triple.subject, triple.predicate, triple.object, _HERE)


def _submissions(content: Content) -> dict[str, list[str]]:
    """Return the graphs of each submission, by its name."""
    found: dict[str, list[str]] = {}
    for file in content.files():
        if match := re.match(r"instances/(?:submissions|interpretations|alignments)/(.+)\.ttl$", file.name):
            found.setdefault(match[1], []).append(file.graph)
    return found


def _triples(store: Store, graph: str) -> list[Triple]:
    return [quad.triple for quad in store.quads_for_pattern(None, None, None, NamedNode(graph))]


def _owner(triple: Triple) -> str:
    """Return the graph that the subject of a shared statement is minted in."""
    match = re.match(rf"{re.escape(ID)}[^/]+", getattr(triple.subject, "value", ""))
    return match[0] if match else ""


def _provenance(graph: str, used: list[str]) -> list[Quad]:
    """Say of an inferred graph from what it was derived and by whom."""
    name, run = NamedNode(graph), NamedNode(f"{graph}/run")
    pairs = [
        (name, "rdf:type", expand("prov:Entity")),
        (name, "prov:wasGeneratedBy", run.value),
        (name, "prov:wasAttributedTo", expand("agent:gcm-graph")),
        (run, "rdf:type", expand("prov:Activity")),
        *((name, "prov:wasDerivedFrom", source) for source in used),
    ]
    return [Quad(subject, NamedNode(expand(predicate)), NamedNode(value), name) for subject, predicate, value in pairs]
