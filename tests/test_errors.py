import pytest

from gcm_graph.errors import Refusal, near_misses

KNOWN = ["migrant-children", "migrant-women", "migrant-workers", "diaspora"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("diaspra", "Did you mean diaspora?"),
        ("DIASPORA", "Did you mean diaspora?"),
        ("migrant-worker", "Did you mean migrant-workers or migrant-women or migrant-children?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_near_misses_are_a_sentence_or_nothing(word: str, said: str) -> None:
    assert near_misses(word, KNOWN) == said


def test_what_is_near_by_several_names_is_named_once() -> None:
    labels = {"niña": "c-1", "niñas": "c-1", "niños": "c-2"}
    assert near_misses("niñas", labels, labels.__getitem__) == "Did you mean c-1 or c-2?"


def test_at_most_three_near_misses_are_named() -> None:
    assert near_misses("code-1", [f"code-1{n}" for n in range(9)]).count("code-1") == 3


@pytest.mark.parametrize(("remedy", "said"), [("Do that.", "It is wrong.\nDo that."), ("", "It is wrong.")])
def test_a_refusal_says_what_is_wrong_and_then_what_to_do(remedy: str, said: str) -> None:
    assert str(Refusal("It is wrong.", remedy)) == said
