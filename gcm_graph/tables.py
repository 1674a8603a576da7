"""Wide tables for spreadsheets: a query gives cells (row, column, value), this module lays them out."""

from collections.abc import Iterable
from pathlib import Path

from pyoxigraph import Literal, Store

from gcm_graph.content import Content
from gcm_graph.errors import Refusal, near_misses
from gcm_graph.questions import bind, header, read
from gcm_graph.sparql import Rows, Term, run


def table_names(content: Content) -> list[str]:
    """Return the names of the tables that can be exported."""
    return sorted(path.stem for path in _folder(content).glob("*.rq"))


def table(store: Store, content: Content, name: str, submissions: Iterable[str] = (), inferred: bool = False) -> Rows:
    """Return a table as rows of literals: the columns of the query's header, one row for each subject, in its order.

    Several values of one cell are joined by `|`; a cell without a value is empty text. `submissions` limits the
    table to those (by code, IRI or title); `inferred` adds the columns of what follows. Raises Refusal for an unknown table or submission.
    """
    if name not in (names := table_names(content)):
        raise Refusal(f"There is no table {name!r}.", near_misses(name, names) or f"There are: {', '.join(names)}.")
    question = read(_folder(content) / f"{name}.rq")
    chosen = list(submissions)
    answer = run(store, bind(store, question, {"submission": chosen} if chosen else {}))
    assert isinstance(answer, Rows)
    about = header(question.text)
    columns = [str(column) for column in (*about["columns"], *(about["inferred"] if inferred else ()))]
    cells: dict[Term, dict[str, list[Term]]] = {}
    for subject, column, value, *_ in answer.rows:
        assert subject is not None and isinstance(column, Literal) and value is not None  # the query binds all three
        values = cells.setdefault(subject, {"iri": [subject]}).setdefault(column.value, [])
        if value not in values:
            values.append(value)
    return Rows(columns, [[_cell(row.get(column, [])) for column in columns] for row in cells.values()])


def _cell(values: list[Term]) -> Term:
    if len(values) == 1 and isinstance(values[0], Literal) and not values[0].language:
        return values[0]
    return Literal("|".join(value.value for value in values))  # type: ignore[union-attr]


def _folder(content: Content) -> Path:
    return content.queries / "tables"
