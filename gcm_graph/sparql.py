"""SPARQL 1.1 queries, read-only, over the union of the current graphs.

Strangers' text goes through a tokeniser that skips comments, strings, IRIs and prefixed names, so that an
update or a federated call is refused whatever the spelling, and never because a literal mentions one. The engine's
grammar has no tokens: it finds SERVICE in `trueSERVICE` or `SERVICE:x` too. So a query that still mentions the word
is first parsed with another in its place: if that isn't SPARQL, the word was meant as the keyword.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, QueryBoolean, QuerySolutions, QueryTriples, Store, Triple

from gcm_graph.errors import Refusal
from gcm_graph.vocabulary import PREFIXES

Term = NamedNode | BlankNode | Literal | Triple
_UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD", "WITH"}
_FORMS = {"SELECT", "CONSTRUCT", "ASK", "DESCRIBE"}

_DEEPEST, _LONGEST = 200, 2000  # nesting and joints of a query: far beyond these, the engine's stack overflows
_SHOWN = 100  # characters of a line, before and after where it breaks off
_SERVICE = re.compile("service", re.IGNORECASE | re.ASCII)
_NO_SERVICE = "xqzxqzx"  # as long, so that positions hold, and no keyword

# What may hide a word, then the words themselves, then what a query is nested and joined by.
_TOKENS = re.compile(
    r"""(?P<comment>\#[^\n\r]*)
      | (?P<long>\"\"\"(?:\\.|\"{0,2}[^\"\\])*\"\"\"|'''(?:\\.|'{0,2}[^'\\])*''')
      | (?P<string>"(?:\\.|[^"\\\n\r])*"|'(?:\\.|[^'\\\n\r])*')
      | (?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
      | (?P<name>(?:[^\W\d_][\w.-]*|(?<![\w])):(?:(?:[\w:%]|\\.)(?:[\w:%.\-]|\\.)*)?|[?$]\w+|@[a-z][a-z0-9-]*|_:[\w.-]+)
      | (?P<word>[^\W\d][\w.-]*)
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<joint>[][(){}!|&+*/^;,.=<>-])""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)


@dataclass(frozen=True)
class Rows:
    """The answer to a SELECT: variable names in order, and a row of terms (None where unbound) for each solution."""

    variables: list[str]
    rows: list[list[Term | None]]


Answer = Rows | bool | list[Triple]


def words(query: str) -> Iterator[tuple[str, int]]:
    """Yield each bare word of a query, in upper case, with its position; strings, IRIs, names and comments are skipped."""
    for match in _TOKENS.finditer(query):
        if match.lastgroup == "word":  # words that dots or hyphens join are several
            yield from ((part[0].upper(), match.start() + part.start()) for part in re.finditer(r"\w+", match[0]))


def check_read_only(query: str) -> None:
    """Raise Refusal for an update, for SERVICE in any form, for an empty query, and for one too large for the engine."""
    _check_size(query)
    form = ""
    for word, position in words(query):
        where = "line {}, column {}".format(*_line_and_column(query, position))
        if word == "SERVICE":
            raise Refusal(f"SERVICE is refused ({where}): no request leaves this program.", "Ask the other service yourself.")
        if not form and word in _UPDATES:
            raise Refusal(f"{word} is an update and refused ({where}): queries only read.", "Add data with a file.")
        if word in _FORMS:
            form = form or word
    if not query.strip():
        raise Refusal("The query is empty.", "Write a SELECT, ASK, CONSTRUCT or DESCRIBE query.")


def run(store: Store, query: str, base: str | None = None) -> Answer:
    """Answer a read-only query; the prefixes of the table are known without being declared.

    Raises Refusal for updates, SERVICE and syntax errors (with line, column and a caret).
    """
    check_read_only(query)
    try:
        if _SERVICE.search(query):
            hidden = {_SERVICE.sub(_NO_SERVICE, prefix): namespace for prefix, namespace in PREFIXES.items()}
            Store().query(_SERVICE.sub(_NO_SERVICE, query), base_iri=base, prefixes=hidden)
        union = not any(word == "FROM" for word, _ in words(query))  # which would override what the query itself says
        answer = store.query(query, base_iri=base, prefixes=PREFIXES, use_default_graph_as_union=union)
        if isinstance(answer, QuerySolutions):
            variables = [v.value for v in answer.variables]
            return Rows(variables, [list(solution) for solution in answer])
        if isinstance(answer, QueryTriples):
            return list(answer)
        assert isinstance(answer, QueryBoolean)
        return bool(answer)
    except SyntaxError as error:
        raise _syntax_refusal(query, str(error.msg)) from None
    except RuntimeError as error:  # spoilt blocks are found only when read
        raise Refusal(f"The store can't be read: {error}.", "'gcm-graph check --repair' fills it anew.") from None


def _check_size(query: str) -> None:
    opened: list[str] = []
    joints = listed = 0  # of the whole query; of a list in round brackets since the last joint
    for match in _TOKENS.finditer(query):
        token = match[0] if match.lastgroup == "joint" else ""
        if token and token in "([{":
            opened.append(token)
        elif token and token in ")]}" and opened:
            opened.pop()
        listing = opened[-1:] == ["("]
        joints += token != "" and not (token == "," and listing)  # the arguments of a function and of IN are no burden
        listed = listed + 1 if listing and not token and match.lastgroup != "comment" else 0
        if len(opened) > _DEEPEST or joints > _LONGEST or listed > _LONGEST:
            where = "line {}, column {}".format(*_line_and_column(query, match.start()))
            what = f"nested deeper than {_DEEPEST}" if len(opened) > _DEEPEST else f"joined of more than {_LONGEST} parts"
            raise Refusal(f"The query is {what} ({where}).", "Ask in several queries, or list values with VALUES.")


def _syntax_refusal(query: str, message: str) -> Refusal:
    """Say where a query breaks off; rdflib's parser, where it objects too, places it better than the engine's."""
    line, column = 1, 1
    reason = re.search(r"The SELECT [\w ]+|[\w ]*(?:not allowed|already)[\w ]*", message)
    expected = reason[0].strip() if reason else ""
    if at := re.search(r"error at (\d+):(\d+)", message):
        line, column = int(at[1]), int(at[2])
    if unknown := _unknown_prefix(query):
        position, prefix = unknown
        line, column = _line_and_column(query, position)
        expected = f"the prefix {prefix}: isn't declared"
    else:
        line, column = _second_opinion(query) or (line, column)
    lines = query.rstrip().split("\n")
    if line > len(lines):  # it breaks off at the end
        line, column = len(lines), len(lines[-1]) + 1
    before, after = lines[line - 1][: column - 1][-_SHOWN:], lines[line - 1][column - 1 :][:_SHOWN]
    caret = "".join("\t" if c == "\t" else " " for c in before) + "^"
    what = f": {expected}" if expected else ""
    return Refusal(f"Syntax error at line {line}, column {column}{what}\n  {before}{after}\n  {caret}", "Correct the query there.")


def _unknown_prefix(query: str) -> tuple[int, str] | None:
    declared = set(PREFIXES) | set(re.findall(r"\bPREFIX\s+([\w.-]*):", query, re.IGNORECASE))
    for match in _TOKENS.finditer(query):
        prefix, colon, _ = match[0].partition(":")
        if match.lastgroup == "name" and colon and prefix and prefix[0] not in "?$@_" and prefix not in declared:
            return match.start(), prefix
    return None


def _second_opinion(query: str) -> tuple[int, int] | None:
    from pyparsing.exceptions import ParseBaseException  # slow to import, and only an error needs it
    from rdflib.plugins.sparql.parser import parseQuery

    try:
        parseQuery("".join(f"PREFIX {p}: <{n}>\n" for p, n in PREFIXES.items()) + query.replace("\t", " "))
    except ParseBaseException as error:
        line = error.lineno - len(PREFIXES)
        return (line, error.col) if line > 0 else None
    except Exception:  # rdflib's parser has more kinds of failure than it documents
        return None
    return None


def _line_and_column(text: str, position: int) -> tuple[int, int]:
    line = text.count("\n", 0, position) + 1
    return line, position - (text.rfind("\n", 0, position) + 1) + 1
