from pathlib import Path

import pytest
from pyoxigraph import Literal, Store

from gcm_graph.content import Content
from gcm_graph.errors import Refusal
from gcm_graph.sparql import Rows
from gcm_graph.tables import table, table_names
from gcm_graph.vocabulary import ID

FIXED = (
    "iri submission section kind form statement_en statement_es bearers groups_protected groups_priority groups_addressed rights "
    "services measures stages instruments strength start end compact_objectives groups_benefiting groups_mentioned "
    "bearers_by_place bearers_imputed acting_parties qualifiers voice"
).split()


@pytest.fixture(scope="module")
def provisions(store: Store, content: Content) -> Rows:
    return table(store, content, "provisions")


def _column(rows: Rows, name: str) -> list[str]:
    place = rows.variables.index(name)
    return [str(getattr(row[place], "value", "")) for row in rows.rows]


def test_every_file_of_tables_is_a_table(content: Content) -> None:
    assert table_names(content) == sorted(path.stem for path in (content.queries / "tables").glob("*.rq")) != []


def test_the_fixed_columns_come_first_in_their_order(provisions: Rows) -> None:
    assert provisions.variables[: len(FIXED)] == FIXED
    assert len(set(provisions.variables)) == len(provisions.variables)


def test_there_is_one_row_a_provision_by_start(provisions: Rows) -> None:
    iris, starts = _column(provisions, "iri"), [int(start) for start in _column(provisions, "start")]
    assert len(set(iris)) == len(iris) > 100
    assert all(iri.startswith(f"{ID}guatemala-2017/") for iri in iris)
    assert starts == sorted(starts)


def test_every_cell_holds_text_or_a_number_and_no_column_is_ragged(provisions: Rows) -> None:
    assert all(len(row) == len(provisions.variables) and all(isinstance(term, Literal) for term in row) for row in provisions.rows)
    assert not any("http" in cell for name in FIXED[7:17] for cell in _column(provisions, name))


def test_values_of_a_cell_are_joined_by_a_bar_without_repeating(provisions: Rows) -> None:
    several = [cell.split("|") for name in FIXED[7:17] for cell in _column(provisions, name) if "|" in cell]
    assert several
    assert all(len(set(values)) == len(values) and all(values) for values in several)


@pytest.mark.parametrize("submission", ["guatemala-2017", f"{ID}guatemala-2017", "GUATEMALA-2017"])
def test_a_table_can_be_limited_to_a_submission(store: Store, content: Content, provisions: Rows, submission: str) -> None:
    assert table(store, content, "provisions", [submission]) == provisions


def test_an_unknown_submission_is_refused(store: Store, content: Content) -> None:
    with pytest.raises(Refusal, match="no value of submission"):
        table(store, content, "provisions", ["gautemala-2071"])


@pytest.mark.parametrize(("name", "hint"), [("provision", "Did you mean provisions?"), ("zzz", "There are: ")])
def test_an_unknown_table_gets_near_misses(store: Store, content: Content, name: str, hint: str) -> None:
    with pytest.raises(Refusal, match="There is no table") as refused:
        table(store, content, name)
    assert hint in refused.value.remedy


QUERY = """#+ summary: Things.
#+ description: Things and their values.
#+ es: {summary: Cosas., description: Cosas y sus valores.}
#+ columns: [iri, one, many, none]
SELECT ?iri ?column ?value {
  VALUES (?iri ?column ?value) {
    (<urn:b> "one" 7) (<urn:b> "many" "y"@en) (<urn:b> "many" "x") (<urn:b> "many" "y"@en) (<urn:a> "one" "t"@en) (<urn:b> "unknown" 1)
  }
}
"""


def test_cells_are_laid_out_by_subject_in_the_order_of_the_query(tmp_path: Path) -> None:
    (tmp_path / "queries/tables").mkdir(parents=True)
    (tmp_path / "queries/tables/things.rq").write_text(QUERY)
    rows = table(Store(), Content(tmp_path), "things")
    assert rows.variables == ["iri", "one", "many", "none"]
    assert [[getattr(term, "value", None) for term in row] for row in rows.rows] == [["urn:b", "7", "y|x", ""], ["urn:a", "t", "", ""]]
    assert rows.rows[0][1] == Literal(7)
    assert rows.rows[1][1] == Literal("t")
