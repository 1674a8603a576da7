"""Why a provision bears on a group or a role, or why it doesn't: proofs from the axioms, told in a sentence.

A proof is found by running the compiled axioms backwards over what is known. Its leaves are asserted statements;
proofs whose leaves are all among another's add nothing and are dropped, so that every minimal chain is given once.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad, Store, Triple

from gcm_graph.codes import thing_label
from gcm_graph.content import Content
from gcm_graph.reasoning import Rule, compile_axioms
from gcm_graph.sparql import Rows, run
from gcm_graph.vocabulary import BASE, ID, compact, expand

# Derived property → the basis that it stands for, the strongest first.
BASES = {
    "gcm:protects": "explicit",
    "gcm:protectsViaBroaderGroup": "broader-group",
    "gcm:protectsUniversally": "universal",
    "gcm:protectsViaVulnerability": "vulnerable-group",
}
_MOST = 64  # proofs of one statement; more would only repeat themselves
_TYPE = expand("rdf:type")


@dataclass(frozen=True)
class Proof:
    """One way in which a statement follows: the asserted statements it rests on, in order, and the axioms used.

    `steps` pairs each inferred statement with the axiom (or rule) that gives it.
    """

    leaves: tuple[Triple, ...]
    steps: tuple[tuple[Triple, str], ...]


@dataclass(frozen=True)
class Explanation:
    """What was asked, whether it follows, every minimal chain as (basis, proof, sentence), or the nearest missing link."""

    provision: str
    target: str
    follows: bool
    chains: list[tuple[str, Proof, str]]
    reason: str

    def quads(self, store: Store) -> list[Quad]:
        """Return the statements of all chains, each in the graph (asserted or inferred) that it stands in."""
        triples = [t for _, proof, _ in self.chains for t in (*proof.leaves, *(t for t, _ in proof.steps))]
        return [q for t in dict.fromkeys(triples) for q in store.quads_for_pattern(t.subject, t.predicate, t.object)]


class Explainer:
    """Explains over one store; `phrases` are the sentences' parts, by property and language."""

    def __init__(self, store: Store, phrases: Mapping[str, Mapping[str, str]], language: str) -> None:
        self._store = store
        self._phrases = phrases
        self._language = language

    @cached_property
    def _rules(self) -> dict[str, list[Rule]]:
        """The rules by what they conclude: the predicate, or for rdf:type the class."""
        ontology = [q.triple for q in self._store.quads_for_pattern(None, None, None, NamedNode(f"{BASE}/ontology"))]
        by_head: dict[str, list[Rule]] = {}
        for rule in compile_axioms(ontology):
            assert rule.head is not None
            by_head.setdefault(rule.head[2] if rule.head[1] == _TYPE else rule.head[1], []).append(rule)
        return by_head

    def group(self, provision: str, group: str) -> Explanation:
        """Explain why a provision would protect a group, on each basis, or why it would not."""
        chains = []
        for name, basis in BASES.items():
            for proof in self.proofs(_triple(provision, name, group)):
                chains.append((basis, proof, self._sentence(provision, group, basis, proof)))
        reason = "" if chains else self._why_no_group(provision, group)
        return Explanation(provision, group, bool(chains), chains, reason)

    def role(self, provision: str, role: str) -> Explanation:
        """Explain why a provision would bind States in a role, as its words have it or as it is read, or why it would not."""
        chains = [
            ("stated", p, self._sentence(provision, role, "stated", p)) for p in self.proofs(_triple(provision, "gcm:bindsRole", role))
        ]
        for quad in self._store.quads_for_pattern(NamedNode(provision), NamedNode(expand("gcm:bindsPartyByImputation")), None):
            link = Triple(quad.object, NamedNode(expand("gcm:inRole")), NamedNode(role))  # type: ignore[arg-type]
            if self._known(link):
                for proof in self.proofs(quad.triple):
                    whole = Proof((*proof.leaves, link), proof.steps)
                    chains.append(("imputed", whole, self._sentence(provision, role, "imputed", whole)))
        reason = "" if chains else self._why_no_role(provision, role)
        return Explanation(provision, role, bool(chains), chains, reason)

    def proofs(self, triple: Triple) -> list[Proof]:
        """Return every minimal proof of a statement: none if it isn't known, one without steps if it is asserted."""
        if not self._known(triple):
            return []
        found: dict[frozenset[Triple], Proof] = {}
        for proof in self._prove(triple, ()):
            found.setdefault(frozenset(proof.leaves), proof)
            if len(found) >= _MOST:
                break
        minimal = [key for key in found if not any(other < key for other in found)]
        return sorted((found[key] for key in minimal), key=lambda p: (len(p.leaves), [str(t) for t in p.leaves]))

    def _prove(self, triple: Triple, path: tuple[Triple, ...]) -> Iterator[Proof]:
        if self._asserted(triple):
            yield Proof((triple,), ())
            return
        key = str(getattr(triple.object, "value", "")) if triple.predicate.value == _TYPE else triple.predicate.value
        proved = False
        for rule in self._rules.get(key, ()):
            for body in self._instances(rule, triple):
                if triple in body or any(t in path for t in body):
                    continue
                below = [list(self._prove(t, (*path, triple))) for t in body]
                for parts in product(*below):
                    leaves = tuple(dict.fromkeys(t for part in parts for t in part.leaves))
                    steps = tuple(dict.fromkeys(s for part in parts for s in part.steps))
                    proved = True
                    yield Proof(leaves, (*steps, (triple, rule.name)))
        if not proved and not path_has_rule(self._rules, key):
            yield Proof((triple,), ((triple, "queries/rules"),))

    def _instances(self, rule: Rule, triple: Triple) -> Iterator[list[Triple]]:
        """Yield the bodies by which a rule gives a statement, as far as they are known."""
        assert rule.head is not None
        bound = {term: str(node) for term, node in zip(rule.head, triple, strict=True) if term.startswith("?")}
        patterns = [[bound.get(t, t if t.startswith("?") else f"<{t}>") for t in pattern] for pattern in rule.body]
        free = sorted({t for pattern in patterns for t in pattern if t.startswith("?")})
        where = " . ".join(" ".join(pattern) for pattern in patterns)
        if not free:
            if self._store.query(f"ASK {{ {where} }}", use_default_graph_as_union=True):
                yield [_parsed(pattern) for pattern in patterns]
            return
        rows = run(self._store, f"SELECT DISTINCT {' '.join(free)} {{ {where} }} ORDER BY {' '.join(free)}")
        assert isinstance(rows, Rows)
        for row in rows.rows:
            names = {variable: str(term) for variable, term in zip(free, row, strict=True)}
            yield [_parsed([names.get(t, t) for t in pattern]) for pattern in patterns]

    def _known(self, triple: Triple) -> bool:
        return next(self._store.quads_for_pattern(triple.subject, triple.predicate, triple.object), None) is not None

    def _asserted(self, triple: Triple) -> bool:
        quads = self._store.quads_for_pattern(triple.subject, triple.predicate, triple.object)
        return any(not str(getattr(q.graph_name, "value", "")).endswith("/inferred") for q in quads)

    def _label(self, node: Any) -> str:
        return thing_label(self._store, str(getattr(node, "value", node)), self._language)

    def _phrase(self, name: str, **values: str) -> str:
        text = self._phrases.get(name, {}).get(self._language)
        return f"{values.get('s', '')} {name} {values.get('o', '')}" if text is None else text.format(**values)

    def _sentence(self, provision: str, target: str, basis: str, proof: Proof) -> str:
        parts = []
        for triple in proof.leaves:
            name = compact(triple.predicate.value)
            subject = NamedNode(str(getattr(triple.subject, "value", "")))
            named = self._objects(subject, expand("gcm:statedGroup"))  # of a coverage that is read as a list
            text = self._phrase(name, s=self._label(triple.subject), o=self._label(triple.object), n=", ".join(map(self._label, named)))
            if text:
                parts.append(text)
        opening = self._phrase(f"follows:{basis}", s=provision.removeprefix(ID), o=self._label(target))
        return f"{opening} {'; '.join(parts)}."

    def _why_no_group(self, provision: str, group: str) -> str:
        """Say which link is missing: the nearest that the provision has to the group."""
        node, asked = NamedNode(provision), self._label(group)
        stated: list[tuple[str, str]] = []
        for role in self._roles():
            for coverage in self._objects(node, role):
                for named in self._objects(NamedNode(coverage), expand("gcm:statedGroup")):
                    stated.append((role, named))
        implied = [named for role, named in stated if role == expand("gcm:hasImpliedCoverage")]
        stated = [(role, named) for role, named in stated if role != expand("gcm:hasImpliedCoverage")]
        for role, named in stated:
            if named == group or self._linked(named, group):
                return self._in_another_role(provision, named, asked, role)
        if self._known(_triple(provision, "gcm:mayProtect", group)):
            names = [self._label(n) for role, n in stated if role == expand("gcm:hasProtectiveCoverage")]
            return self._phrase("missing:overlap", s=provision.removeprefix(ID), o=", ".join(names), g=asked)
        for _, named in stated:
            if self._linked(group, named):
                return self._phrase("missing:narrower", s=provision.removeprefix(ID), o=self._label(named), g=asked)
        if group in implied:
            return self._phrase("missing:heading", s=provision.removeprefix(ID), g=asked)
        if stated:
            names = list(dict.fromkeys(self._label(named) for _, named in stated))
            return self._phrase("missing:group", s=provision.removeprefix(ID), o=", ".join(names), g=asked)
        return self._phrase("missing:none", s=provision.removeprefix(ID), g=asked)

    def _in_another_role(self, provision: str, named: str, asked: str, role: str) -> str:
        code = self._label(self._code_of(role))
        return self._phrase("missing:role", s=provision.removeprefix(ID), o=self._label(named), g=asked, r=code)

    def _why_no_role(self, provision: str, role: str) -> str:
        node = NamedNode(provision)
        parties = [*self._objects(node, expand("gcm:namesBearer")), *self._objects(node, expand("gcm:hasImputedBearer"))]
        unstated = {expand("bearer:not-stated")}
        names = ", ".join(self._label(p) for p in dict.fromkeys(parties) if p not in unstated)
        name = "missing:bearer" if names else "missing:no-bearer"
        return self._phrase(name, s=provision.removeprefix(ID), o=names, g=self._label(role))

    def _roles(self) -> list[str]:
        """The properties by which a provision has coverages, implied ones last."""
        rows = run(self._store, "SELECT ?p { ?code gcm:standsForProperty ?p } ORDER BY (?p = gcm:hasImpliedCoverage) ?p")
        assert isinstance(rows, Rows)
        return [row[0].value for row in rows.rows if isinstance(row[0], NamedNode)]

    def _code_of(self, role: str) -> str:
        quad = next(self._store.quads_for_pattern(None, NamedNode(expand("gcm:standsForProperty")), NamedNode(role)))
        return str(getattr(quad.subject, "value", ""))

    def _objects(self, subject: NamedNode, predicate: str) -> list[str]:
        quads = self._store.quads_for_pattern(subject, NamedNode(predicate), None)
        return sorted({q.object.value for q in quads if isinstance(q.object, NamedNode)})

    def _linked(self, broad: str, narrow: str) -> bool:
        """Whether one group reaches another by inclusion of either kind or by a list."""
        links = ("gcm:includes", "gcm:universallyIncludes", "gcm:designates", "gcm:denotes")
        return any(self._known(_triple(broad, link, narrow)) for link in links)


def as_text(found: Explanation, language: str) -> str:
    """Return an explanation for people: each chain as a sentence, then what is asserted and what is inferred by which axiom."""
    asserted, inferred = ("afirmado", "inferido") if language == "es" else ("asserted", "inferred")
    if not found.follows:
        return f"✗ {found.reason}"
    lines = []
    for _, proof, sentence in found.chains:
        lines.append(f"✓ {sentence}")
        lines += [f"    {asserted}: {_shown(triple)}" for triple in proof.leaves]
        lines += [f"    {inferred}: {_shown(triple)}   ⇐ {axiom}" for triple, axiom in proof.steps]
    return "\n".join(lines)


def as_json(found: Explanation) -> str:
    """Return an explanation as JSON: whether it follows, the reason if not, and each chain with what is asserted and inferred."""
    chains = [
        {
            "basis": basis,
            "sentence": sentence,
            "asserted": [_values(triple) for triple in proof.leaves],
            "inferred": [{"triple": _values(triple), "axiom": axiom} for triple, axiom in proof.steps],
        }
        for basis, proof, sentence in found.chains
    ]
    told = {"provision": found.provision, "target": found.target, "follows": found.follows, "reason": found.reason, "chains": chains}
    return json.dumps(told, ensure_ascii=False, indent=1)


def _shown(triple: Triple) -> str:
    return " ".join(compact(value) for value in _values(triple))


def _values(triple: Triple) -> list[str]:
    return [str(getattr(node, "value", node)) for node in triple]


def path_has_rule(rules: Mapping[str, list[Rule]], key: str) -> bool:
    """Whether some axiom concludes a predicate or class; what none does was minted by a rule of `queries/rules/`."""
    return bool(rules.get(key)) and not key.endswith("overlapsWith")


def phrases(content: Content) -> dict[str, dict[str, str]]:
    """Return the parts that sentences are made of, by property and language."""
    import yaml

    loaded = yaml.safe_load((content.queries / "labels.yaml").read_text("utf-8"))
    return {str(name): dict(texts) for name, texts in loaded["sentences"].items()}


def _triple(subject: str, predicate: str, value: str) -> Triple:
    return Triple(NamedNode(subject), NamedNode(expand(predicate)), NamedNode(value))


def _parsed(pattern: list[str]) -> Triple:
    subject, predicate, value = pattern
    node = NamedNode(value[1:-1]) if value.startswith("<") else Literal(value.strip('"'))
    return Triple(NamedNode(subject[1:-1]), NamedNode(predicate[1:-1]), node)
