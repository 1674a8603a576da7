"""SHACL shapes compiled to SPARQL that asks for all violations of a constraint at once.

pySHACL runs a query for each focus node and constraint; here each constraint is one query over all focus nodes, which
Oxigraph answers in milliseconds. Compiled is just what our shapes use of SHACL Core and SHACL-SPARQL. A property shape
that uses anything else is not compiled, and named, so that the reference implementation can take it. The tests hold
both against each other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store

from gcm_graph.vocabulary import PREFIXES

_SH = PREFIXES["sh"]
_RDF = PREFIXES["rdf"]
# What a property shape says besides its constraints.
_SAID = {"path", "message", "severity", "name", "description", "prefixes"}
_PREFIXED = "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in PREFIXES.items())
_NODE_KINDS = {
    "IRI": "isIRI({})",
    "Literal": "isLiteral({})",
    "BlankNode": "isBlank({})",
    "BlankNodeOrIRI": "!isLiteral({})",
    "IRIOrLiteral": "!isBlank({})",
    "BlankNodeOrLiteral": "!isIRI({})",
}
_BOUNDS = {"minInclusive": ">=", "maxInclusive": "<=", "minExclusive": ">", "maxExclusive": "<"}


_MARKED = NamedNode("urn:gcm-graph:marked")  # the graph and the property by which nodes to check are marked


def mark(data: Store, nodes: Iterable[str]) -> None:
    """Mark the nodes of a store that are to be checked; the rest of it is context."""
    data.bulk_extend(Quad(NamedNode(node), _MARKED, Literal(True), _MARKED) for node in nodes)


def marked(data: Store) -> list[str]:
    """Return the IRIs of the nodes that are marked, sorted."""
    return sorted(str(getattr(q.subject, "value", "")) for q in data.quads_for_pattern(None, _MARKED, None, _MARKED))


class Uncompiled(Exception):
    """A construct that isn't compiled."""


@dataclass(frozen=True)
class Result:
    """One violation: shape, focus node, severity, value and path where there is one."""

    shape: str
    focus: str
    severity: str
    value: str | None
    path: str | None


@dataclass(frozen=True)
class Shape:
    """One property shape, compiled: its IRI, severity, path if it is a single property, and the queries for its violations."""

    iri: str
    severity: str
    path: str | None
    queries: tuple[str, ...]

    def violations(self, data: Store) -> Iterator[Result]:
        """Yield what violates the shape in a store's default graph."""
        for query in self.queries:
            solutions: Any = data.query(query)
            for row in solutions:
                focus = row["this"]
                if focus is not None:
                    value, path = _given(row, "value"), _given(row, "path")
                    yield Result(self.iri, focus.value, self.severity, value, path or self.path)


def _given(row: Any, name: str) -> str | None:
    try:
        term = row[name]
    except KeyError:
        return None
    return None if term is None else str(getattr(term, "value", term))


class ShapesGraph:
    """The shapes of some files, read once."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        self._store = Store()
        self._store.bulk_extend(Quad(q.subject, q.predicate, q.object, DefaultGraph()) for q in quads)

    def turtle(self) -> bytes:
        """Return the shapes in Turtle, for another implementation."""
        return self._store.dump(format=RdfFormat.TURTLE, from_graph=DefaultGraph()) or b""

    @cached_property
    def compiled(self) -> list[Shape]:
        """The property shapes that could be compiled."""
        return [shape for shape in self._shapes if shape.queries]

    @cached_property
    def uncompiled(self) -> list[str]:
        """The IRIs of the property shapes that use something else."""
        return [shape.iri for shape in self._shapes if not shape.queries]

    @cached_property
    def about(self) -> dict[str, dict[str, Any]]:
        """What each shape says of itself, by its IRI: code, column, messages, remedies, what suppresses it, whether it needs the text."""
        found = {}
        for quad in self._store.quads_for_pattern(None, NamedNode(f"{PREFIXES['gcm']}code"), None):
            shape = quad.subject
            if isinstance(shape, NamedNode):
                columns = self._values(shape, f"{PREFIXES['gcm']}column")
                found[shape.value] = {
                    "code": str(getattr(quad.object, "value", "")),
                    "column": columns[0].value if columns else None,
                    "needs_text": bool(self._values(shape, f"{PREFIXES['gcm']}needsText")),
                    "suppressed_by": {o.value for o in self._values(shape, f"{PREFIXES['gcm']}suppressedBy")},
                    "messages": self._texts(shape, f"{_SH}message"),
                    "remedies": self._texts(shape, f"{PREFIXES['gcm']}remedy"),
                }
        return found

    @cached_property
    def _shapes(self) -> list[Shape]:
        found = []
        for quad in self._store.quads_for_pattern(None, NamedNode(f"{_RDF}type"), NamedNode(f"{_SH}NodeShape")):
            targets = list(self._targets(quad.subject))
            found += [self._compile(shape, targets) for shape in self._values(quad.subject, f"{_SH}property")]
        return sorted(found, key=lambda shape: shape.iri)

    def _targets(self, shape: Any) -> Iterator[str]:
        for node in self._values(shape, f"{_SH}targetClass"):
            yield f"{{ ?this a/<{PREFIXES['rdfs']}subClassOf>* {node} }}"
        for node in self._values(shape, f"{_SH}targetSubjectsOf"):
            yield f"{{ ?this {node} ?targeted }}"
        for node in self._values(shape, f"{_SH}targetObjectsOf"):
            yield f"{{ ?targeting {node} ?this }}"
        for node in self._values(shape, f"{_SH}targetNode"):
            yield f"{{ BIND ({node} AS ?this) }}"

    def _compile(self, shape: Any, targets: list[str]) -> Shape:
        [severity] = self._values(shape, f"{_SH}severity") or [NamedNode(f"{_SH}Violation")]
        [path] = self._values(shape, f"{_SH}path")
        target = f"{{ SELECT DISTINCT ?this {{ GRAPH {_MARKED} {{ ?this {_MARKED} ?marked }} {{ {' UNION '.join(targets)} }} }} }}"
        try:
            wheres = list(self._constraints(shape, self._path(path)))
            queries = tuple(self._select(target, where) for where in wheres)
        except Uncompiled:
            queries = ()
        single = path.value if isinstance(path, NamedNode) else None
        return Shape(shape.value, severity.value.removeprefix(_SH).lower(), single, queries)

    def _select(self, target: str, where: str) -> str:
        if not where.startswith("SELECT"):
            return f"SELECT DISTINCT ?this ?value {{ {target} {where} }}"
        # The author's own query, with the focus nodes bound first: `$this` and `?this` are one variable.
        head, brace, rest = where.partition("{")
        return (
            f"{_PREFIXED}{head.replace('SELECT ', 'SELECT DISTINCT ', 1).replace('DISTINCT DISTINCT', 'DISTINCT')}{brace} {target} {rest}"
        )

    def _constraints(self, shape: Any, path: str) -> Iterator[str]:
        """Yield, for each constraint of a property shape, the pattern (or query) that its violations match."""
        for quad in self._store.quads_for_pattern(shape, None, None):
            name, value = quad.predicate.value.removeprefix(_SH), quad.object
            if not quad.predicate.value.startswith(_SH) or name in _SAID:
                continue
            if name == "minCount":
                if int(value.value) > 0:  # type: ignore[union-attr]
                    yield f"FILTER NOT EXISTS {{ ?this {path} ?one }}" if value.value == "1" else self._counted(path, "<", value)  # type: ignore[union-attr]
            elif name == "maxCount":
                yield self._counted(path, ">", value)
            elif name == "hasValue":
                yield f"FILTER NOT EXISTS {{ ?this {path} {value} }}"
            elif name == "uniqueLang":
                yield f"?this {path} ?one , ?two . FILTER (?one != ?two && LANG(?one) = LANG(?two) && LANG(?one) != '')"
            elif name in ("disjoint", "lessThan"):
                clash = "?value = ?other" if name == "disjoint" else "!COALESCE(?value < ?other, false)"
                yield f"?this {path} ?value ; {value} ?other . FILTER ({clash})"
            elif name == "qualifiedValueShape":
                yield from self._qualified(shape, path, value)
            elif name in ("qualifiedMinCount", "qualifiedMaxCount"):
                continue
            elif name == "sparql":
                [select] = self._values(value, f"{_SH}select")
                yield select.value.replace("$this", "?this").replace("$PATH", path).strip()
            else:
                yield f"?this {path} ?value . FILTER (!({self._holds(name, value, '?value')}))"

    def _counted(self, path: str, sign: str, bound: Any, condition: str = "true") -> str:
        counted = f"SELECT ?this (COUNT(DISTINCT ?each) AS ?count) {{ ?this {path} ?each . FILTER ({condition}) }} GROUP BY ?this"
        return f"OPTIONAL {{ {counted} }} FILTER (COALESCE(?count, 0) {sign} {bound.value})"

    def _qualified(self, shape: Any, path: str, inner: Any) -> Iterator[str]:
        condition = self._conforms(inner, "?each")
        for name, sign in (("qualifiedMinCount", "<"), ("qualifiedMaxCount", ">")):
            for bound in self._values(shape, f"{_SH}{name}"):
                yield self._counted(path, sign, bound, condition)

    def _conforms(self, shape: Any, variable: str) -> str:
        """Return the condition under which a value conforms to an inner shape."""
        conditions = []
        for quad in self._store.quads_for_pattern(shape, None, None):
            if not quad.predicate.value.startswith(_SH):
                continue
            conditions.append(self._holds(quad.predicate.value.removeprefix(_SH), quad.object, variable))
        return " && ".join(f"({c})" for c in conditions) or "true"

    def _holds(self, name: str, value: Any, variable: str) -> str:
        """Return the condition under which a value keeps one constraint of SHACL Core."""
        if name == "class":
            return f"EXISTS {{ {variable} a/<{PREFIXES['rdfs']}subClassOf>* {value} }}"
        if name == "nodeKind":
            return _NODE_KINDS[value.value.removeprefix(_SH)].format(variable)
        if name == "datatype":
            return f"isLiteral({variable}) && DATATYPE({variable}) = {value}"
        if name == "pattern":
            return f"!isBlank({variable}) && REGEX(STR({variable}), {value})"
        if name in ("minLength", "maxLength"):
            return f"!isBlank({variable}) && STRLEN(STR({variable})) {'>=' if name == 'minLength' else '<='} {value.value}"
        if name in _BOUNDS:
            return f"COALESCE({variable} {_BOUNDS[name]} {value}, false)"
        if name == "in":
            return f"{variable} IN ({', '.join(str(each) for each in self._list(value))})"
        if name == "languageIn":
            return " || ".join(f"LANGMATCHES(LANG({variable}), {each})" for each in self._list(value))
        if name == "or":
            return " || ".join(f"({self._conforms(each, variable)})" for each in self._list(value))
        if name == "not":
            return f"!({self._conforms(value, variable)})"
        raise Uncompiled(name)

    def _path(self, node: Any) -> str:
        """Return a SHACL property path in SPARQL's syntax."""
        if isinstance(node, NamedNode):
            return str(node)
        for name, form in (("inversePath", "^({})"), ("oneOrMorePath", "({})+"), ("zeroOrMorePath", "({})*"), ("zeroOrOnePath", "({})?")):
            for inner in self._values(node, f"{_SH}{name}"):
                return form.format(self._path(inner))
        for inner in self._values(node, f"{_SH}alternativePath"):
            return f"({'|'.join(self._path(each) for each in self._list(inner))})"
        return f"({'/'.join(self._path(each) for each in self._list(node))})"

    def _values(self, subject: Any, predicate: str) -> list[Any]:
        return [q.object for q in self._store.quads_for_pattern(subject, NamedNode(predicate), None)]

    def _texts(self, subject: Any, predicate: str) -> dict[str, str]:
        return {o.language or "en": o.value for o in self._values(subject, predicate) if isinstance(o, Literal)}

    def _list(self, head: Any) -> Iterator[Any]:
        node = head
        while node.value != f"{_RDF}nil":
            yield from self._values(node, f"{_RDF}first")
            [node] = self._values(node, f"{_RDF}rest")
