"""Answers for people: tables that fit the terminal, statements wrapped, codes in words, the standing line above."""

import sys
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode, Store

from gcm_graph.codes import codes
from gcm_graph.content import Content
from gcm_graph.sparql import Rows, Term, run
from gcm_graph.vocabulary import BASE, ID, SCHEMES, compact

if TYPE_CHECKING:
    from rich.console import Console

    from gcm_graph.things import Description, Fact

_NAMES = 12  # shown of those that one property leads to
_WIDE = {"statement", "note", "standing", "title"}


def console(width: int | None = None) -> "Console":
    """Return a console on standard output; colours only on a terminal, as wide as it is (else 120 columns)."""
    from rich.console import Console

    return Console(width=width or (None if sys.stdout.isatty() else 120), highlight=False)


def show_rows(out: "Console", store: Store, content: Content, rows: Rows, language: str) -> None:
    """Print rows as a table: labels in place of codes and IRIs, a provision with where it stands, empty columns left out.

    What is the same in every row is said once, above. Where the table can't fit, each row is printed as a list.
    """
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    spanish = language == "es"
    if not rows.rows:
        out.print("Ninguna fila." if spanish else "No rows.", style="dim")
        return
    labels = names_for_people(content, "columns")
    cells = _cells(store, rows, labels, language)
    titles = {name: labels.get(name, {}).get(language, name.replace("_", " ").capitalize()) for name in cells}
    if len(rows.rows) > 1:
        for name in [n for n, column in cells.items() if n not in _WIDE and len(set(column)) == 1]:
            out.print(Text(f"{titles[name]}: {cells.pop(name)[0]}", style="dim"))
    widths = _widths({titles[name]: column for name, column in cells.items()}, [titles[n] for n in cells if n in _WIDE], out.width)
    if widths:
        table = Table(show_lines=True, header_style="bold")
        for name in cells:
            table.add_column(titles[name], width=widths[titles[name]], overflow="fold")
        for row in zip(*cells.values(), strict=True):
            table.add_row(*map(Text, row))
        out.print(table)
    else:
        for row in zip(*cells.values(), strict=True):
            for place, (name, cell) in enumerate(zip(cells, row, strict=True)):
                if cell:
                    line = Text.assemble((f"{titles[name]}: ", "bold" if place == 0 else "cyan"), cell.replace("\n", ", "))
                    out.print(Padding(line, (0, 0, 0, 0 if place == 0 else 2)))
    count = len(rows.rows)
    out.print(f"{count} {'fila' if spanish else 'row'}{'' if count == 1 else 's'}.", style="dim")


def standing_lines(store: Store, submissions: set[str], language: str) -> list[str]:
    """Return what a reader must know of the standing of the given submissions (codes; none given: of all)."""
    answer = run(store, "SELECT ?code ?line { ?s skos:notation ?code ; gcm:standing ?line } ORDER BY ?code")
    assert isinstance(answer, Rows)
    found = {
        code.value: line.value
        for code, line in answer.rows
        if isinstance(code, Literal) and isinstance(line, Literal) and line.language == language
    }
    chosen = {code: line for code, line in found.items() if not submissions or code in submissions}
    return [f"{code}: {line}" for code, line in chosen.items()]


def show_description(out: "Console", content: Content, thing: "Description", language: str) -> None:
    """Print a thing as an indented list of its properties, inner nodes below, then what points to it."""
    from rich.padding import Padding
    from rich.text import Text

    out.print(Text(thing.label, style="bold"))
    out.print(Text(thing.iri, style="dim"))

    foreign = names_for_people(content, "properties")

    def name_of(fact: "Fact") -> str:
        return str(foreign.get(compact(fact.property), {}).get(language, fact.label))

    def show(facts: "list[Fact]", depth: int) -> None:
        for fact in facts:
            for text, iri, below in fact.values:
                short = compact(iri) if iri else ""
                line = Text(f"{name_of(fact)}: ", style="cyan")
                if not below:
                    line.append(text, style="default")
                    if short and not short.endswith(text):
                        line.append(f"  {short}", style="dim")
                out.print(Padding(line, (0, 0, 0, 2 + 2 * depth)))
                show(below, depth + 1)

    show(thing.facts, 0)

    def in_one_line(title: str, facts: "list[Fact]", names: "Callable[[Fact], list[str]]") -> None:
        if facts:
            out.print(Text(title, style="bold"))
        for fact in facts:
            shown = names(fact)
            more = f" … +{len(shown) - _NAMES}" if len(shown) > _NAMES else ""
            out.print(Padding(Text.assemble((f"{name_of(fact)}: ", "cyan"), ", ".join(shown[:_NAMES]) + more), (0, 0, 0, 2)))

    spanish = language == "es"
    in_one_line(
        "De ello se sigue (inferido):" if spanish else "What follows (inferred):", thing.inferred, lambda fact: [v[0] for v in fact.values]
    )
    in_one_line(
        "Lo señalan:" if spanish else "Pointed to by:",
        thing.pointers,
        lambda fact: [iri.removeprefix(ID).removeprefix(f"{BASE}/") for _, iri, _ in fact.values],
    )


@cache
def names_for_people(content: Content, kind: str) -> dict[str, dict[str, Any]]:
    """Return what `columns` of answers, or foreign `properties`, are called, by name and language."""
    import yaml

    loaded = yaml.safe_load((content.queries / "labels.yaml").read_text("utf-8"))
    return {str(name): dict(labels) for name, labels in loaded[kind].items()}


def _cells(store: Store, rows: Rows, labels: dict[str, dict[str, Any]], language: str) -> dict[str, list[str]]:
    """Return what to show, column by column: codes in words, a provision with its section and position below its name."""
    columns = {name: [row[place] for row in rows.rows] for place, name in enumerate(rows.variables)}
    filled = {name for name, column in columns.items() if any(map(_text, column))}
    subject = next((name for name in ("provision", "element", "passage") if name in filled), None)
    shown: dict[str, list[str]] = {}
    for name in (n for n in rows.variables if n in filled):
        if name == subject and {"section", "start", "end"} <= filled:
            place = zip(columns[name], columns["section"], columns["start"], columns["end"], strict=True)
            shown[name] = [f"{_short(iri)}\n§ {_text(part)}\n{_text(start)}–{_text(end)}" for iri, part, start, end in place]
        elif (subject and name in ("section", "start", "end")) or name.endswith("_label"):
            continue
        elif f"{name}_label" in filled:
            shown[name] = [_lines(_text(term), {}) for term in columns[f"{name}_label"]]
        else:
            about = labels.get(name, {})
            words = {code: said[language] for code, said in about.get("values", {}).items()}
            words = words or _words_for(store, about.get("scheme", name), language)
            shown[name] = [_short(term) if isinstance(term, NamedNode) else _lines(_text(term), words) for term in columns[name]]
    return shown


def _short(term: Term | None) -> str:
    iri = _text(term)
    return iri.rpartition("/")[2] if iri.startswith(ID) else compact(iri)


def _lines(text: str, words: dict[str, str]) -> str:
    pieces = text.split("|")
    return "\n".join(dict.fromkeys(words.get(piece, piece) for piece in pieces if piece))


def _widths(columns: dict[str, list[str]], wide: list[str], available: int) -> dict[str, int]:
    """Share a terminal's width: no word broken, the rest to the wide columns; nothing if it can't be done."""
    room = available - 3 * len(columns) - 1
    narrow = {title: _longest_word([title, *column]) for title, column in columns.items() if title not in wide}
    longest = {t: max(len(line) for cell in [t, *columns[t]] for line in cell.split("\n")) for t in columns}
    for most in (40, 24, 16, 0):
        widths = {t: max(least, min(longest[t], most)) for t, least in narrow.items()}
        left = room - sum(widths.values())
        if left >= 30 * len(wide) and (wide or left >= 0):
            return widths | {t: min(longest[t], left // len(wide)) for t in wide}
    return {}


def _longest_word(texts: list[str]) -> int:
    return max(len(word) for text in texts for word in (text.split() or [""]))


def _words_for(store: Store, scheme: str, language: str) -> dict[str, str]:
    if scheme not in SCHEMES:
        return {}
    return {c.code: c.labels.get(language, c.code) for c in codes(store, scheme).values()}


def _text(term: Term | None) -> str:
    return "" if term is None else str(getattr(term, "value", term))
