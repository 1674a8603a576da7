import io
import unicodedata

import pytest
from pyoxigraph import Literal, NamedNode, Store
from rich.console import Console

from gcm_graph.content import Content
from gcm_graph.provisions import search
from gcm_graph.questions import answer, load, question_names
from gcm_graph.sparql import Rows
from gcm_graph.tables import table
from gcm_graph.terminal import console, show_description, show_rows, standing_lines
from gcm_graph.things import describe
from gcm_graph.vocabulary import ID

WIDTHS = (40, 80, 120, 200)
REQUIRED = {
    "group": "unaccompanied-migrant-children",
    "right": "family-unity",
    "service": "healthcare",
    "measure": "legislation",
    "bearer": "destination-states",
    "term": "safe",
    "section": "IV.2",
}


def _width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line)


def _shown(store: Store, content: Content, rows: Rows, width: int, language: str = "en") -> str:
    out = Console(file=io.StringIO(), width=width, highlight=False)
    show_rows(out, store, content, rows, language)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()


def _letters(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "question", ["provisions-protecting-a-group", "obligations-of-a-bearer", "coverage-matrix", "groups-named-nowhere"]
)
@pytest.mark.parametrize("language", ["en", "es"])
def test_an_answer_fits_the_terminal(store: Store, content: Content, question: str, width: int, language: str) -> None:
    shown = _shown(store, content, answer(store, load(content, question), {"lang": [language]}), width, language)
    assert max(map(_width, shown.splitlines())) <= width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "es"])
def test_no_statement_is_cut(store: Store, content: Content, width: int, language: str) -> None:
    rows = answer(store, load(content, "provisions-protecting-a-group"), {"kind": ["all"], "lang": [language]})
    shown = _shown(store, content, rows, width, language)
    assert "…" not in shown
    cells = [line.split("│") for line in shown.splitlines()]
    pieces = _letters("".join(cell[2] if len(cell) > 3 else cell[0] for cell in cells))
    statements = [str(getattr(row[rows.variables.index("statement")], "value", "")) for row in rows.rows]
    assert statements
    assert all(_letters(statement) in pieces for statement in statements)


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_question_can_be_shown(store: Store, content: Content, language: str) -> None:
    names = question_names(content)
    assert len(names) > 10
    for name in names:
        question = load(content, name)
        given = {parameter: [REQUIRED[parameter]] for parameter in question.parameters if parameter in REQUIRED}
        spoken = {"lang": [language]} if "lang" in question.parameters else {}
        shown = _shown(store, content, answer(store, question, given | spoken), 80, language)
        assert shown and max(map(_width, shown.splitlines())) <= 80, name


@pytest.mark.parametrize(("language", "said"), [("en", "No rows."), ("es", "Ninguna fila.")])
def test_an_empty_answer_says_so(store: Store, content: Content, language: str, said: str) -> None:
    assert _shown(store, content, Rows(["a"], []), 80, language).strip() == said


@pytest.mark.parametrize(
    ("count", "language", "said"), [(1, "en", "1 row."), (2, "en", "2 rows."), (1, "es", "1 fila."), (2, "es", "2 filas.")]
)
def test_the_rows_are_counted_in_words(store: Store, content: Content, count: int, language: str, said: str) -> None:
    rows = Rows(["a"], [[Literal(f"value {number}")] for number in range(count)])
    assert _shown(store, content, rows, 80, language).splitlines()[-1] == said


def test_codes_are_shown_in_words_of_the_language(store: Store, content: Content) -> None:
    rows = Rows(["kind", "group"], [[Literal("commitment"), Literal("migrants|migrant-children")]])
    english, spanish = (_shown(store, content, rows, 120, language) for language in ("en", "es"))
    assert "migrant children and adolescents" in english and "migrant-children" not in english
    assert "compromiso" in spanish and "personas migrantes" in spanish and "Grupo" in spanish


def test_what_is_the_same_in_every_row_is_said_once_above(store: Store, content: Content) -> None:
    rows = Rows(["kind", "x"], [[Literal("commitment"), Literal(f"x{number}")] for number in range(3)])
    lines = _shown(store, content, rows, 80).splitlines()
    assert lines[0] == "Kind: commitment"
    assert sum("commitment" in line for line in lines) == 1


@pytest.mark.parametrize(
    "term", [None, Literal(""), Literal("[bold]not markup[/bold]"), Literal("a" * 500), NamedNode("urn:x"), Literal("日本語" * 40)]
)
@pytest.mark.parametrize("width", [20, 80])
def test_odd_values_are_shown_as_they_are(store: Store, content: Content, term: Literal | None, width: int) -> None:
    shown = _shown(store, content, Rows(["note"], [[term]]), width)
    assert max(map(_width, shown.splitlines())) <= width
    assert _letters(str(getattr(term, "value", ""))) in _letters(shown)


def test_a_table_too_wide_is_shown_as_a_list_with_every_value(store: Store, content: Content) -> None:
    rows = table(store, content, "provisions")
    shown = _shown(store, content, Rows(rows.variables, rows.rows[:3]), 80)
    assert "┃" not in shown and max(map(_width, shown.splitlines())) <= 80
    values = [str(getattr(term, "value", "")) for row in rows.rows[:3] for term in row]
    assert all(_letters(value) in _letters(shown) for value in values if "|" not in value and " " in value)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_search_fits_the_terminal(store: Store, content: Content, width: int) -> None:
    shown = _shown(store, content, search(store, "children", "en"), width)
    assert max(map(_width, shown.splitlines())) <= width


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(("language", "heading"), [("en", "Pointed to by:"), ("es", "Lo señalan:")])
@pytest.mark.parametrize("path", ["guatemala-2017/III.1-b01", "guatemala-2017", "group/migrants"])
def test_a_description_fits_the_terminal(store: Store, content: Content, path: str, width: int, language: str, heading: str) -> None:
    thing = describe(store, ID + path, language)
    out = Console(file=io.StringIO(), width=width, highlight=False)
    show_description(out, content, thing, language)
    assert isinstance(out.file, io.StringIO)
    shown = out.file.getvalue()
    assert shown.startswith(thing.label[:20]) and heading in shown
    assert max(map(_width, shown.splitlines())) <= width


@pytest.mark.parametrize(("language", "word"), [("en", "consultation"), ("es", "consulta")])
@pytest.mark.parametrize("chosen", [set(), {"guatemala-2017"}])
def test_the_standing_of_each_submission_is_said(store: Store, chosen: set[str], language: str, word: str) -> None:
    (line,) = standing_lines(store, chosen, language)
    assert line.startswith("guatemala-2017: ") and word in line


def test_the_standing_of_what_is_not_there_is_not_said(store: Store) -> None:
    assert standing_lines(store, {"nowhere-2020"}, "en") == []


def test_a_console_that_is_no_terminal_has_no_colours() -> None:
    assert console(80).is_terminal is False
    assert console(80).width == 80
