import csv
import io
import json
import zipfile
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
import rdflib
from openpyxl.worksheet.worksheet import Worksheet
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QueryResultsFormat, QuerySolutions, Triple, parse, parse_query_results

from gcm_graph.errors import Refusal
from gcm_graph.formats import GRAPHS, ROWS, Format, format_of, pick, rdf_format, write_graph
from gcm_graph.sparql import Rows, Term

XSD = "http://www.w3.org/2001/XMLSchema#"
IRI = NamedNode("http://a/b")
TERMS: dict[str, Term] = {
    "iri": IRI,
    "blank": BlankNode("b"),
    "plain": Literal("plain"),
    "empty": Literal(""),
    "comma": Literal('a, "b"\n;c\td'),
    "accents": Literal("niñez — ☃ 𝄞"),
    "language": Literal("hola", language="es"),
    "integer": Literal(7),
    "decimal": Literal("1.50", datatype=NamedNode(f"{XSD}decimal")),
    "date": Literal("2017-10-09", datatype=NamedNode(f"{XSD}date")),
    "formula": Literal('=HYPERLINK("http://evil/","x")'),
}
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|'/c calc'!A1", "\t=1", "{=1}"]


@pytest.fixture
def rows() -> Rows:
    """A row with every kind of term, and a row in which nothing is bound."""
    return Rows(list(TERMS), [list(TERMS.values()), [None] * len(TERMS)])


def _text(term: Term) -> str:
    return str(getattr(term, "value", term))


def _sheet(data: bytes) -> Worksheet:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert isinstance(sheet, Worksheet)
    return sheet


def test_csv_reads_back_as_plain_text(rows: Rows) -> None:
    data = ROWS["csv"].write(rows).decode("utf-8")
    assert list(csv.reader(io.StringIO(data))) == [list(TERMS), [_text(t) for t in TERMS.values()], [""] * len(TERMS)]
    assert "\r" not in data


@pytest.mark.parametrize("form", [QueryResultsFormat.JSON, QueryResultsFormat.TSV])
def test_json_and_tsv_read_back_term_by_term(rows: Rows, form: QueryResultsFormat) -> None:
    found = parse_query_results(ROWS[form.file_extension.removeprefix("sr").replace("j", "json")].write(rows), format=form)
    assert isinstance(found, QuerySolutions)
    assert [variable.value for variable in found.variables] == list(TERMS)
    first, second = list(found)
    assert [t for t in first if not isinstance(t, BlankNode)] == [t for t in TERMS.values() if not isinstance(t, BlankNode)]
    assert list(second) == [None] * len(TERMS)


def test_json_is_that_of_sparql_results_and_leaves_out_what_is_unbound(rows: Rows) -> None:
    loaded = json.loads(ROWS["json"].write(rows))
    assert set(loaded) == {"head", "results"} and loaded["head"] == {"vars": list(TERMS)}
    first, second = loaded["results"]["bindings"]
    assert second == {}
    assert first["iri"] == {"type": "uri", "value": "http://a/b"}
    assert first["blank"]["type"] == "bnode"
    assert first["plain"] == {"type": "literal", "value": "plain"}
    assert first["language"] == {"type": "literal", "value": "hola", "xml:lang": "es"}
    assert first["integer"] == {"type": "literal", "value": "7", "datatype": f"{XSD}integer"}


def test_json_holds_a_quoted_triple() -> None:
    written = json.loads(ROWS["json"].write(Rows(["t"], [[Triple(IRI, IRI, Literal("x"))]])))
    value = written["results"]["bindings"][0]["t"]
    assert value["type"] == "triple"
    assert value["value"]["object"] == {"type": "literal", "value": "x"}


def test_xlsx_reads_back_with_numbers_as_numbers(rows: Rows) -> None:
    cells = list(_sheet(ROWS["xlsx"].write(rows)).values)
    expected = [_text(t) or None for t in TERMS.values()]
    expected[list(TERMS).index("integer")] = 7  # type: ignore[call-overload]
    expected[list(TERMS).index("decimal")] = 1.5  # type: ignore[call-overload]
    assert [list(row) for row in cells] == [list(TERMS), expected, [None] * len(TERMS)]


@pytest.mark.parametrize("text", FORMULAS)
def test_xlsx_never_holds_a_formula(text: str) -> None:
    data = ROWS["xlsx"].write(Rows(["x"], [[Literal(text)], [Literal(text, language="en")], [NamedNode("urn:=1")]]))
    sheet = _sheet(data)
    assert [sheet.cell(row, 1).value for row in (2, 3)] == [text, text]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    inside = ElementTree.fromstring(zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml"))
    assert not [element for element in inside.iter() if element.tag.endswith("}f")]


@pytest.mark.parametrize(
    ("value", "datatype", "cell"),
    [
        ("x", "integer", "x"),
        ("INF", "double", "INF"),
        ("NaN", "double", "NaN"),
        ("1e400", "double", "1e400"),
        ("12345678901234567890", "integer", "12345678901234567890"),
        ("-3", "integer", -3),
        ("2.5", "double", 2.5),
        ("007", "string", "007"),
        ("a\x01b\x0bc", "string", "a\ufffdb\ufffdc"),
    ],
)
def test_xlsx_keeps_as_text_what_is_no_number_for_a_sheet(value: str, datatype: str, cell: object) -> None:
    data = ROWS["xlsx"].write(Rows(["x"], [[Literal(value, datatype=NamedNode(XSD + datatype))]]))
    assert _sheet(data).cell(2, 1).value == cell


def test_xlsx_refuses_more_rows_than_a_sheet_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gcm_graph.formats._SHEET_ROWS", 3)
    with pytest.raises(Refusal, match="3 rows are more"):
        ROWS["xlsx"].write(Rows(["x"], [[None]] * 3))
    assert _sheet(ROWS["xlsx"].write(Rows(["x"], [[Literal("a")]] * 2))).max_row == 3


@pytest.mark.parametrize("form", ROWS)
@pytest.mark.parametrize("nothing", [Rows([], []), Rows(["x"], []), Rows([], [[]])], ids=["nothing", "no row", "no column"])
def test_every_row_format_can_say_nothing(form: str, nothing: Rows) -> None:
    assert ROWS[form].write(nothing)


QUADS = [
    Quad(IRI, NamedNode("http://a/p"), term, NamedNode(f"http://g/{number % 2}"))
    for number, term in enumerate(t for t in TERMS.values() if not isinstance(t, BlankNode))
]
RDFLIB = {"ttl": "turtle", "trig": "trig", "nt": "nt", "nq": "nquads", "jsonld": "json-ld", "rdf": "xml"}


def test_every_rdf_format_is_tried_here() -> None:
    assert set(RDFLIB) == set(GRAPHS)


@pytest.mark.parametrize("form", GRAPHS)
def test_a_graph_reads_back_in_two_readers(form: str) -> None:
    data = GRAPHS[form].write(QUADS)
    syntax = rdf_format(f"x.{form}")
    assert syntax is not None
    whole = form in ("trig", "nq", "jsonld")
    found = set(parse(data, format=syntax))
    assert found == (set(QUADS) if whole else {Quad(q.subject, q.predicate, q.object) for q in QUADS})
    dataset = rdflib.Dataset()
    dataset.parse(data=data, format=RDFLIB[form])
    assert len(list(dataset.quads())) == len(QUADS)


@pytest.mark.parametrize("form", GRAPHS)
def test_a_statement_of_two_graphs_is_written_once_where_graphs_can_not_be_told(form: str) -> None:
    twice = [Quad(IRI, IRI, IRI, NamedNode(f"http://g/{n}")) for n in range(2)]
    syntax = rdf_format(f"x.{form}")
    assert syntax is not None
    assert len(list(parse(write_graph(twice, form), format=syntax))) == (2 if form in ("trig", "nq", "jsonld") else 1)


@pytest.mark.parametrize("form", GRAPHS)
def test_an_empty_graph_can_be_written_and_read(form: str) -> None:
    syntax = rdf_format(f"x.{form}")
    assert syntax is not None
    assert list(parse(write_graph([], form), format=syntax)) == []


@pytest.mark.parametrize("table", [ROWS, GRAPHS])
def test_every_format_is_found_by_its_name_and_by_each_ending(table: dict[str, Format]) -> None:
    assert len({f.media_type for f in table.values()}) == len(table)
    for name, form in table.items():
        assert pick(table, name) is form
        for ending in form.endings:
            assert format_of(table, f"a.b/x{ending.upper()}") is form


@pytest.mark.parametrize(("name", "hint"), [("tll", "ttl"), ("json", "jsonld"), ("zzz", "Choose one of ttl")])
def test_an_unknown_format_gets_near_misses(name: str, hint: str) -> None:
    for call in (lambda: pick(GRAPHS, name), lambda: write_graph([], name)):
        with pytest.raises(Refusal) as refused:
            call()
        assert hint in refused.value.remedy and "Format(" not in refused.value.remedy


@pytest.mark.parametrize("path", ["x", "x.foo", "", "ttl"])
def test_an_ending_that_says_nothing_is_no_format(path: str) -> None:
    found: list[Any] = [format_of(ROWS, path), format_of(GRAPHS, path), rdf_format(path)]
    assert found == [None, None, None]
