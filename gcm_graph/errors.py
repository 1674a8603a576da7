"""The one error that a user sees: a sentence, what to do, and never a traceback."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches


class Refusal(Exception):
    """Wrong use or unusable input; the command line prints it and exits with 2.

    `message` says what is wrong and where, `remedy` what to do about it.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


def near_misses(word: str, known: Iterable[str], show: Callable[[str], str] = str) -> str:
    """Say which of the `known` words resemble `word`: a sentence, or nothing. `show` gives what to name each by."""
    close = dict.fromkeys(map(show, get_close_matches(word.casefold(), list(known), n=9, cutoff=0.6)))
    return f"Did you mean {' or '.join(list(close)[:3])}?" if close else ""
