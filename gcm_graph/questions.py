"""The question library: each question is one `.rq` file that also runs as it stands in any SPARQL tool.

A file opens with `#+ ` lines of YAML (as grlc reads them): `summary`, `description`, `tags`, the same in Spanish
under `es`, and `parameters`. The slot of a parameter, and its default, is its line `VALUES ?name { … }`; `UNDEF`
means any. Values are put there as serialised terms, never as pasted text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, Store

from gcm_graph.codes import Code, codes, resolve
from gcm_graph.content import Content
from gcm_graph.errors import Refusal, near_misses
from gcm_graph.sparql import Rows, run
from gcm_graph.vocabulary import LANGUAGES

_ANY = {"all", "any", "todos", "todas"}


@dataclass(frozen=True)
class Parameter:
    """One slot of a question: its type (a scheme, or `choice`), help in both languages, default codes (none: any)."""

    name: str
    type: str
    help: Mapping[str, str]
    many: bool
    default: tuple[str, ...]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """One file of the library, its header read."""

    name: str
    text: str
    summary: Mapping[str, str]
    description: Mapping[str, str]
    parameters: Mapping[str, Parameter]


def question_names(content: Content) -> list[str]:
    """Return the names of all questions, sorted."""
    return sorted(path.stem for path in content.queries.glob("*.rq"))


def load(content: Content, name: str) -> Question:
    """Read one question; raise Refusal with near misses if there is none of that name."""
    path = content.queries / f"{name}.rq"
    if name not in (names := question_names(content)):
        raise Refusal(f"There is no question {name!r}.", near_misses(name, names) or "'gcm-graph questions' lists them.")
    return read(path)


def read(path: Path) -> Question:
    """Read a question file; raise Refusal if its header and its VALUES lines disagree."""
    text = path.read_text("utf-8")
    try:
        given = header(text)
        spanish = given["es"]
        summary = {"en": given["summary"], "es": spanish["summary"]}
        description = {"en": given["description"], "es": spanish["description"]}
        declared: dict[str, dict[str, Any]] = given.get("parameters") or {}
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(f"{path}: the header is incomplete: {error}", "Give summary, description, es and parameters.") from None
    slots = {m["name"]: m["values"] for m in _SLOT.finditer(text) if m["name"] in declared}
    if missing := declared.keys() - slots.keys():
        raise Refusal(f"{path}: no line VALUES ?{min(missing)} {{ … }}", "Each parameter needs its slot.")
    parameters = {
        name: Parameter(
            name=name,
            type=about["type"],
            help=about["help"],
            many=bool(about.get("many")),
            default=tuple(re.findall(r'"([^"]*)"', slots[name])),
            choices=tuple(str(c) for c in about.get("choices", ())),
        )
        for name, about in declared.items()
    }
    return Question(path.stem, text, summary, description, parameters)


def header(text: str) -> dict[str, Any]:
    """Return what the `#+ ` lines of a query say, read as YAML; raise ValueError if they aren't YAML."""
    import yaml  # slow to import, and only a header needs it

    lines = "\n".join(line[3:] for line in text.splitlines() if line.startswith("#+ "))
    try:
        return dict(yaml.load(lines, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML: {error}") from None


_SLOT = re.compile(r"VALUES\s+\?(?P<name>\w+)\s*\{(?P<values>[^{}]*)\}")


def allowed(store: Store, parameter: Parameter) -> dict[str, Code]:
    """Return the values that a parameter takes, by code, with their labels."""
    if parameter.type == "choice":
        return {c: Code(c, c, {}) for c in parameter.choices}
    if parameter.type == "language":
        return {c: Code(c, c, {}) for c in LANGUAGES}
    return codes(store, parameter.type)


def bind(store: Store, question: Question, given: Mapping[str, Iterable[str]]) -> str:
    """Return the query with the given values in their slots.

    Raises Refusal for a parameter or value that doesn't exist, and for several values where one is meant.
    """
    chosen: dict[str, list[str]] = {}
    for name, texts in given.items():
        parameter = question.parameters.get(name)
        if parameter is None:
            known = ", ".join(question.parameters)
            raise Refusal(
                f"{question.name} has no parameter {name!r}.",
                f"{near_misses(name, question.parameters)} Its parameters: {known}.".strip(),
            )
        values = [v.strip() for v in texts]
        known_values = allowed(store, parameter)
        if parameter.many and any(v.casefold() in _ANY and v not in known_values for v in values):  # some schemes have a code `all`
            chosen[name] = []
            continue
        found = [code for value in values for code in _resolve_several(known_values, value, name)]
        chosen[name] = list(dict.fromkeys(found))
        if len(chosen[name]) > 1 and not parameter.many:
            raise Refusal(f"{name} takes one value, not {len(chosen[name])}: {', '.join(chosen[name])}.", "Ask once for each.")

    def fill(slot: re.Match[str]) -> str:
        name = slot["name"]
        if name not in chosen:
            return slot[0]
        terms = " ".join(str(Literal(code)) for code in chosen[name]) or "UNDEF"
        return f"VALUES ?{name} {{ {terms} }}"

    return _SLOT.sub(fill, question.text)


def _resolve_several(known: dict[str, Code], text: str, name: str) -> list[str]:
    """Resolve one value, or several separated by commas; a label may itself hold a comma, so the whole is tried first."""
    try:
        return [resolve(known, text, name).code]
    except Refusal:
        if not text.strip(" ,") or "," not in text:
            raise
        return [resolve(known, piece.strip(), name).code for piece in text.split(",") if piece.strip()]


def answer(store: Store, question: Question, given: Mapping[str, Iterable[str]]) -> Rows:
    """Answer a question with the given values; parameters not given keep their defaults."""
    rows = run(store, bind(store, question, given))
    assert isinstance(rows, Rows)
    return rows


def ask(
    name: str, *, data: str | Path | None = None, store: str | Path | None = None, **given: str | Iterable[str]
) -> list[dict[str, str | int | None]]:
    """Answer a question from Python: one dict of plain values a row.

    `name` is a question of the library, `given` its parameters (a value or several); `data` and `store` are the
    directories that `gcm-graph` takes as `--data` and `--store`. Raises gcm_graph.errors.Refusal.
    """
    from platformdirs import user_cache_path

    from gcm_graph.content import shipped
    from gcm_graph.reasoning import open_graph
    from gcm_graph.store import default_directory

    content = shipped(Path(data) if data else None)
    opened = open_graph(content, Path(store) if store else default_directory(content, user_cache_path("gcm-graph")))
    values = {key: [value] if isinstance(value, str) else list(value) for key, value in given.items()}
    rows = answer(opened, load(content, name), values)
    return [dict(zip(rows.variables, map(plain, row), strict=True)) for row in rows.rows]


def plain(term: Any) -> str | int | None:
    """Return a term as a Python value: an int for xsd:integer, else its text or IRI, None where unbound."""
    if term is None:
        return None
    if isinstance(term, Literal) and term.datatype.value.endswith("#integer"):
        return int(term.value)
    return str(getattr(term, "value", term))
