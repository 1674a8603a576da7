"""The one table of formats: how rows and graphs are written, and under which media type and file ending."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Triple, serialize

from gcm_graph.errors import Refusal, near_misses
from gcm_graph.sparql import Rows, Term
from gcm_graph.vocabulary import PREFIXES


@dataclass(frozen=True)
class Format:
    """One way of writing: name (as in `--format`), media type, file endings, and the function that writes bytes."""

    name: str
    media_type: str
    endings: tuple[str, ...]
    write: Callable[[Any], bytes]


ROWS: dict[str, Format] = {}
GRAPHS: dict[str, Format] = {}
_RDF = {
    "ttl": RdfFormat.TURTLE,
    "trig": RdfFormat.TRIG,
    "nt": RdfFormat.N_TRIPLES,
    "nq": RdfFormat.N_QUADS,
    "jsonld": RdfFormat.JSON_LD,
    "rdf": RdfFormat.RDF_XML,
}
_SHEET_ROWS = 1_048_576  # of a worksheet, the header among them
_EXACT = 10**15  # spreadsheets keep fifteen digits
_WHOLE_DATASET = {"trig", "nq", "jsonld"}


def writes(
    table: dict[str, Format], name: str, media_type: str, *endings: str
) -> Callable[[Callable[[Any], bytes]], Callable[[Any], bytes]]:
    """Enter a function into a table of formats."""

    def enter(function: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
        table[name] = Format(name, media_type, endings or (f".{name}",), function)
        return function

    return enter


def pick(table: dict[str, Format], name: str) -> Format:
    """Return the format of that name; raise Refusal with near misses if the table has none."""
    if name not in table:
        raise Refusal(f"There is no format {name!r} for this.", near_misses(name, table) or f"Choose one of {', '.join(table)}.")
    return table[name]


def format_of(table: dict[str, Format], path: str) -> Format | None:
    """Return the format that a file's ending stands for, if any."""
    return next((f for f in table.values() if path.casefold().endswith(f.endings)), None)


@writes(ROWS, "csv", "text/csv")
def write_csv(rows: Rows) -> bytes:
    """Return rows as CSV (RFC 4180, UTF-8, one line end): plain text, IRIs without brackets."""
    return _separated(rows, ",")


@writes(ROWS, "tsv", "text/tab-separated-values")
def write_tsv(rows: Rows) -> bytes:
    """Return rows as SPARQL 1.1 TSV results: variables with `?`, terms in Turtle syntax."""
    lines = ["\t".join(f"?{v}" for v in rows.variables)]
    lines += ["\t".join("" if t is None else str(t) for t in row) for row in rows.rows]
    return ("\n".join(lines) + "\n").encode()


@writes(ROWS, "json", "application/sparql-results+json", ".json", ".srj")
def write_json(rows: Rows) -> bytes:
    """Return rows as SPARQL 1.1 Query Results JSON."""
    bindings = [{v: _json_term(t) for v, t in zip(rows.variables, row, strict=True) if t is not None} for row in rows.rows]
    return json.dumps({"head": {"vars": rows.variables}, "results": {"bindings": bindings}}, ensure_ascii=False, indent=1).encode() + b"\n"


@writes(ROWS, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
def write_xlsx(rows: Rows) -> bytes:
    """Return rows as a workbook of one sheet: frozen header, filters, wrapped text; text is never taken for a formula."""
    from openpyxl import Workbook  # a third of a second to import
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    if len(rows.rows) >= _SHEET_ROWS:
        raise Refusal(f"{len(rows.rows)} rows are more than a sheet holds.", "Write them as csv, or ask for fewer.")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Rows"
    for column, variable in enumerate(rows.variables, 1):
        sheet.cell(1, column, variable).font = Font(bold=True)
        longest = max([len(variable), *(len(_text(row[column - 1])) for row in rows.rows)])
        sheet.column_dimensions[get_column_letter(column)].width = min(longest + 2, 60)
    for number, row in enumerate(rows.rows, 2):
        for column, term in enumerate(row, 1):
            cell = sheet.cell(number, column)
            value = _number(term)
            cell.value = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", _text(term)) if value is None else value
            if value is None:
                cell.data_type = "s"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def write_graph(quads: Iterable[Quad | Triple], name: str) -> bytes:
    """Return triples or quads in an RDF format; formats without named graphs get the triples of all graphs.

    Raises Refusal for an unknown format.
    """
    pick(GRAPHS, name)
    used = {} if name in ("nt", "nq") else PREFIXES
    if name in _WHOLE_DATASET:
        whole = [q if isinstance(q, Quad) else Quad(q.subject, q.predicate, q.object, DefaultGraph()) for q in quads]
        return bytes(serialize(whole, format=_RDF[name], prefixes=used) or b"")
    flat = dict.fromkeys(q.triple if isinstance(q, Quad) else q for q in quads)
    return bytes(serialize(flat, format=_RDF[name], prefixes=used) or b"")


for _name, _rdf in _RDF.items():
    GRAPHS[_name] = Format(
        _name,
        _rdf.media_type,
        (f".{_name}", *((f".{_rdf.file_extension}",) if _rdf.file_extension != _name else ())),
        lambda quads, name=_name: write_graph(quads, name),  # type: ignore[misc]
    )


def rdf_format(path: str) -> RdfFormat | None:
    """Return the RDF syntax that a file's ending stands for, if any."""
    found = format_of(GRAPHS, path)
    return _RDF[found.name] if found else None


def _separated(rows: Rows, separator: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(rows.variables)
    writer.writerows([_text(t) for t in row] for row in rows.rows)
    return out.getvalue().encode()


def _text(term: Term | None) -> str:
    return "" if term is None else str(getattr(term, "value", term))


def _number(term: Term | None) -> int | float | None:
    """Return what a sheet can hold as a number; what it can't (ill-typed, infinite, of too many digits) stays text."""
    if isinstance(term, Literal) and term.datatype.value.rpartition("#")[2] in ("integer", "decimal", "double"):
        try:
            number = float(term.value)
        except ValueError:
            return None
        if abs(number) < _EXACT:
            return int(number) if number.is_integer() else number
    return None


def _json_term(term: Term) -> dict[str, Any]:
    if isinstance(term, NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, BlankNode):
        return {"type": "bnode", "value": term.value}
    if isinstance(term, Triple):
        parts = {"subject": term.subject, "predicate": term.predicate, "object": term.object}
        return {"type": "triple", "value": {name: _json_term(part) for name, part in parts.items()}}
    result = {"type": "literal", "value": term.value}
    if term.language:
        result["xml:lang"] = term.language
    elif not term.datatype.value.endswith("#string"):
        result["datatype"] = term.datatype.value
    return result
