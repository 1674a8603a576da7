"""The question library: each file is sound, runs anywhere, and answers what a reader of the text would."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pyoxigraph import NamedNode, Store

from gcm_graph.content import Content, shipped
from gcm_graph.questions import answer, load, question_names
from gcm_graph.vocabulary import ID

ANSWERS = Path(__file__).parent / "answers"
QUESTIONS = question_names(shipped())
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}-{number}")
    for path in sorted(ANSWERS.glob("*.yaml"))
    for number, case in enumerate(yaml.safe_load(path.read_text("utf-8")), 1)
]


def found(store: Store, content: Content, question: str, case: dict[str, Any]) -> list[tuple[frozenset[str], ...]]:
    """Return the rows of a case as tuples of sets, so that the order inside a joined cell doesn't matter."""
    given = {name: value if isinstance(value, list) else [str(value)] for name, value in (case.get("given") or {}).items()}
    rows = answer(
        store,
        load(content, question),
        {name: [str(v) for v in values] for name, values in given.items()} | {"submission": ["guatemala-2017"]},
    )
    only = case.get("only") or {}
    kept = [dict(zip(rows.variables, map(text, row), strict=True)) for row in rows.rows]
    kept = [row for row in kept if all(row[column] == str(value) for column, value in only.items())]
    cells = [tuple(frozenset(row[column].split("|")) for column in case["columns"]) for row in kept]
    return list(dict.fromkeys(cells))


def text(term: Any) -> str:
    if isinstance(term, NamedNode) and term.value.startswith(ID):
        return term.value.rpartition("/")[2].removesuffix("-passage")
    return "" if term is None else str(term.value)


def expected(case: dict[str, Any]) -> list[tuple[frozenset[str], ...]]:
    return [tuple(frozenset(str("" if cell is None else cell).split("|")) for cell in row) for row in case["rows"]]


PLAIN = "provision statement kind section start end"
GROUP = "provision statement kind section named_group quantifier situation start end"
FIXED = {
    "provisions-protecting-a-group": GROUP.replace("named_group", "basis named_group"),
    "provisions-benefiting-a-group": GROUP,
    "provisions-addressing-a-group": GROUP,
    "obligations-of-a-bearer": "provision statement section named_bearer named_as start end",
    "provisions-on-a-right": PLAIN,
    "provisions-by-measure": PLAIN,
    "provisions-of-a-section": PLAIN,
    "commitments-without-a-bearer": f"{PLAIN} named_bearer",
    "groups-named-nowhere": "group label status",
    "coverage-matrix": "group right count",
    "definition-of-a-term": "element statement condition section start end",
}


@pytest.mark.parametrize("question", FIXED)
def test_the_fixed_columns_of_a_question_come_first_and_in_order(store: Store, content: Content, question: str) -> None:
    columns = FIXED[question].split()
    assert answer(store, load(content, question), {}).variables[: len(columns)] == columns


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_answers_in_both_languages_with_the_same_rows(store: Store, content: Content, question: str) -> None:
    asked = load(content, question)
    assert asked.summary.keys() == asked.description.keys() == {"en", "es"}
    if "lang" in asked.parameters:
        english, spanish = (answer(store, asked, {"lang": [language]}) for language in ("en", "es"))
        assert len(english.rows) == len(spanish.rows)
        assert [row[0] for row in english.rows] == [row[0] for row in spanish.rows]


@pytest.mark.parametrize(("question", "case"), CASES)
def test_answers_are_those_that_a_reader_of_the_text_expects(store: Store, content: Content, question: str, case: dict[str, Any]) -> None:
    assert found(store, content, question, case) == expected(case)


def test_every_question_has_expected_answers_one_of_them_nothing() -> None:
    for question in QUESTIONS:
        cases = yaml.safe_load((ANSWERS / f"{question}.yaml").read_text("utf-8"))
        assert any(not case["rows"] for case in cases), question
        assert any(case["rows"] for case in cases), question
    assert len(list(ANSWERS.glob("*.yaml"))) == len(QUESTIONS) > 0
