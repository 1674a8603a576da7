import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Quad, Store

from gcm_graph.errors import Refusal
from gcm_graph.sparql import Rows, check_read_only, run, words

A, TRUE = NamedNode("http://a/"), NamedNode("http://www.w3.org/2001/XMLSchema#boolean")


@pytest.fixture(scope="module")
def small() -> Store:
    """Statements that match whatever stands before a hidden SERVICE, so that the engine would come to it."""
    store = Store()
    objects: tuple[NamedNode | Literal, ...] = (
        A,
        NamedNode("http://a/b"),
        Literal(1),
        Literal(-1),
        Literal(True),
        Literal("x", language="en"),
        Literal(1e5),
    )
    for number, thing in enumerate(objects):
        store.add(Quad(A, A, thing, NamedNode(f"http://g/{number}")))
    return store


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, list[str]]]:
    """An address on this machine, and who has called there."""
    calls: list[str] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        while True:
            try:
                connection, caller = listening.accept()
            except OSError:
                return
            calls.append(str(caller))
            connection.close()

    threading.Thread(target=take, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/", calls
    listening.close()


@pytest.fixture
def listener(server: tuple[str, list[str]]) -> tuple[str, list[str]]:
    """The same, with nobody having called yet."""
    server[1].clear()
    return server


def test_the_listener_hears_a_call(listener: tuple[str, list[str]]) -> None:
    address, calls = listener
    Store().query(f"ASK {{ SERVICE SILENT <{address}> {{ ?s ?p ?o }} }}")
    assert calls


UPDATES = [
    "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
    "DELETE WHERE { ?s ?p ?o }",
    "DELETE DATA { <urn:a> <urn:b> <urn:c> }",
    "LOAD <http://a/>",
    "CLEAR ALL",
    "CREATE GRAPH <http://a/>",
    "DROP ALL",
    "COPY <http://a/> TO <http://b/>",
    "MOVE <http://a/> TO <http://b/>",
    "ADD <http://a/> TO <http://b/>",
    "WITH <http://a/> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
]


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("before", ["", "PREFIX a: <http://a/> ", "# SELECT\n", "BASE <http://SELECT/>\n"])
@pytest.mark.parametrize("spell", [str, str.lower])
def test_every_update_is_refused(update: str, before: str, spell: object) -> None:
    keyword, rest = update.split(" ", 1)
    text = f"{before}{keyword.lower() if spell is str.lower else keyword} {rest}"
    with pytest.raises(Refusal, match=f"{keyword} is an update and refused"):
        check_read_only(text)


@pytest.mark.parametrize(
    "query", ["SELECT * { ?s ?p ?o } ; CLEAR ALL", "SELECT * {} CLEAR ALL", "ASK {} INSERT DATA {}", "FOO INSERT DATA {}"]
)
def test_an_update_behind_something_else_is_refused_too(query: str, small: Store) -> None:
    size = len(small)
    with pytest.raises(Refusal):
        run(small, query)
    assert len(small) == size


SERVICES = [
    "SERVICE <@> { ?s ?p ?o }",
    "SERVICE SILENT <@> { ?s ?p ?o }",
    "service silent <@> { ?s ?p ?o }",
    "SERVICE<@>{?s ?p ?o}",
    "SeRvIcEsIlEnT<@>{?s ?p ?o}",
    "SERVICE#x\n<@> { ?s ?p ?o }",
    "# x\rSERVICE <@> { ?s ?p ?o }",
    "SERVICE e:x { ?s ?p ?o }",
    "SERVICE:x { ?s ?p ?o }",
    "SERVICEe:x { ?s ?p ?o }",
    "serviceSilente:x { ?s ?p ?o }",
    "?s ?p ?o.SERVICE SILENT <@> { ?s ?p ?o }",
    "?s ?p a:.SERVICE SILENT <@> { ?s ?p ?o }",
    "?s ?p a:b SERVICE SILENT <@> { ?s ?p ?o }",
    "?s a:-1SERVICE SILENT <@> { ?s ?p ?o }",
    "?s ?p 1SERVICE SILENT <@> { ?s ?p ?o }",
    "?s ?p 1e5SERVICE SILENT <@> { ?s ?p ?o }",
    "?s ?p trueSERVICE SILENT <@> { ?s ?p ?o }",
    "?s ?p trueSERVICESILENT:x { ?s ?p ?o }",
    '?s ?p "x"@en.SERVICE SILENT <@> { ?s ?p ?o }',
    "?s ?p '''SERVICE'''.SERVICE SILENT <@> { ?s ?p ?o }",
    "?s ?p 'a\\'SERVICE' . SERVICE SILENT <@> { ?s ?p ?o }",
    "FILTER(1<2)SERVICE SILENT <@> { ?s ?p ?o } FILTER(3>2)",
    "FILTER(1<2)SERVICESILENT:x#>\n{ ?s ?p ?o }",
    "?s ?p ?o FILTER(1<?o)SERVICESILENT:x#>\n{ ?s ?p ?o }",
    "OPTIONAL { SERVICE SILENT <@> { ?s ?p ?o } }",
    "FILTER EXISTS { SERVICE SILENT <@> { ?s ?p ?o } }",
    "{ SELECT * { SERVICE SILENT <@> { ?s ?p ?o } } }",
    "BIND(1 AS ?x)SERVICE SILENT <@> { ?s ?p ?o }",
    "VALUES ?x { <@> } SERVICE SILENT ?x { ?s ?p ?o }",
    "LATERAL { SERVICE SILENT <@> { ?s ?p ?o } }",
    "\\u0053ERVICE SILENT <@> { ?s ?p ?o }",
    "SERV\\U00000049CE SILENT <@> { ?s ?p ?o }",
    "\u017fERVICE SILENT <@> { ?s ?p ?o }",
    "# x\\u000ASERVICE SILENT <@> { ?s ?p ?o }\n ?s <@> }",
    "?s ?p '\\u0027 . SERVICE SILENT <@> { ?s ?p ?o } . ?s ?p '' }",
]


@pytest.mark.parametrize("pattern", SERVICES)
def test_service_is_refused_whatever_its_spelling(pattern: str, small: Store, listener: tuple[str, list[str]]) -> None:
    address, calls = listener
    text = f"PREFIX a: <http://a/> PREFIX e: <{address}> PREFIX : <{address}> SELECT * {{ {pattern.replace('@>', f'{address}>')} }}"
    with pytest.raises(Refusal):
        run(small, text)
    assert not calls


NOT_REFUSED = [
    "SELECT ?service { ?s ?p ?o . BIND(1 AS ?service) }",
    "SELECT $SERVICE { BIND(1 AS $SERVICE) }",
    "SELECT * { ?s ?p 'SERVICE <http://a/> {}' }",
    'SELECT * { ?s ?p """ " SERVICE ""x """ }',
    "SELECT * { ?s ?p 'don\\'t call SERVICE' }",
    "SELECT * { ?s <http://a/SERVICE> ?o }",
    "SELECT * { ?s ?p ?o } # SERVICE",
    "# SERVICE\nSELECT * { ?s ?p ?o }",
    "SELECT * { ?s ?p service:health }",
    "SELECT * { service:health ?p ?o . GRAPH service:health { ?s ?p ?o } }",
    "SELECT * { ?s gcm:concernsService ?o }",
    "PREFIX SERVICE: <http://a/> SELECT * { ?s SERVICE:x ?o }",
    "PREFIX a: <http://a/> SELECT * { ?s a:SERVICE ?o . ?s a:b.SERVICE ?o }",
    "SELECT * { _:SERVICE ?p ?o }",
    "SELECT * { ?s ?p 'x'@service }",
    "PREFIX a: <http://a/> SELECT * { ?s a:load/a:clear|a:DELETE ?o }",
    "PREFIX add: <http://a/> SELECT * { ?s add:x ?o }",
    "PREFIX : <http://a/> SELECT * { ?s :LOAD ?o }",
    "SELECT ?load ?CLEAR { BIND(1 AS ?load) BIND(1 AS ?CLEAR) }",
    "# CLEAR ALL\nSELECT * { ?s ?p 'DROP ALL' }",
    "BASE <http://LOAD/> SELECT * { ?s ?p <INSERT> }",
    "SELECT * FROM <http://a/> { ?s ?p ?o }",
    "SELECT (1<2 AS ?x) (3>2 AS ?y) {}",
]


@pytest.mark.parametrize("query", NOT_REFUSED)
def test_what_only_looks_like_an_update_or_a_service_is_answered(query: str, small: Store) -> None:
    assert isinstance(run(small, query), Rows)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM <@> { ?s ?p ?o }",
        "SELECT * FROM NAMED <@> { GRAPH ?g { ?s ?p ?o } }",
        "DESCRIBE <@>",
        "CONSTRUCT FROM <@> WHERE { ?s ?p ?o }",
    ],
)
def test_naming_a_graph_elsewhere_fetches_nothing(query: str, small: Store, listener: tuple[str, list[str]]) -> None:
    address, calls = listener
    answer = run(small, query.replace("@", address))
    assert (answer.rows if isinstance(answer, Rows) else answer) == []
    assert not calls


PIECES = st.sampled_from(
    '?s ?p ?o . ; , { } ( ) [ ] < > <http://a/> a: a:b :x e:x true 1 1e5 -1 \'x\' """y""" # \n \t @en ^^ OPTIONAL UNION FILTER EXISTS '
    "BIND AS LATERAL SELECT * GRAPH . { }".split(" ")
)
KEYWORDS = st.sampled_from(["SERVICE", "SERVICE SILENT", "serviceSilent", "SERVICESILENT", "Service"])
TARGETS = st.sampled_from(["<@>", " <@>", ":x", " e:x", "e:x", "?s", "#>\n<@>", ":x#>\n"])
BASES = st.sampled_from(
    [
        "?s ?p ?o", "?s ?p true", "?s ?p 1e5", "?s a: -1", "?s ?p a: .", "?s a: a:b . ?s ?p 'x'@en", "FILTER( 1 < 2 ) FILTER( 3 > 2 )",
        "{ ?s ?p ?o } UNION { ?s a: a: }", "OPTIONAL { ?s ?p ?o . } BIND( 1 AS ?x )", "?s ?p '''a' ''b''' . ?s ?p \"c\"",
        "VALUES ?s { a: }",
    ]
)  # fmt: skip
GLUE = st.sampled_from(["", "", " ", "\n", "#\n"])


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=BASES, place=st.integers(0, 30), before=GLUE, noise=st.lists(PIECES, max_size=2), keyword=KEYWORDS, target=TARGETS, glue=GLUE)
@example(base="?s ?p true", place=9, before="", noise=[], keyword="SERVICESILENT", target=":x", glue="")
def test_no_query_makes_a_request(
    small: Store,
    listener: tuple[str, list[str]],
    base: str,
    place: int,
    before: str,
    noise: list[str],
    keyword: str,
    target: str,
    glue: str,
) -> None:
    address, calls = listener
    parts = re.split(r"( )", base)
    place = min(place, len(parts))
    hidden = f"{before}{' '.join(noise)}{glue}{keyword}{target}{glue}{{ ?s ?p ?o }}"
    body = "".join([*parts[:place], hidden, *parts[place:]]).replace("@>", f"{address}>")
    with suppress(Refusal):
        run(small, f"PREFIX a: <http://a/> PREFIX e: <{address}> PREFIX : <{address}> SELECT * {{ {body} }}")
    assert not calls


@pytest.mark.parametrize(
    ("query", "line", "column"),
    [
        ("SELEC * { ?s ?p ?o }", 1, 1),
        ("SELECT * { ?s ?p }", 1, 12),
        ("SELECT *\n{ ?s ?p\n  }", 2, 3),
        ("SELECT *\n\n  WHERE { ?s ?p ?o", 3, 19),
        ("SELECT *\t{ ?s ?p }", 1, 12),
        ("SELECT * { ?s nope:x ?o }", 1, 15),
        ("SELECT *\n{ ?s a gcm:Commitment ;\n nope:x ?o }", 3, 2),
        ("# only a comment", 1, 17),
        ("SELECT * { ?s ?p ?o }\n}", 2, 1),
    ],
)
def test_a_syntax_error_says_where_with_a_caret(query: str, line: int, column: int, small: Store) -> None:
    with pytest.raises(Refusal) as refused:
        run(small, query)
    said, text, caret = refused.value.message.split("\n")
    assert said.startswith(f"Syntax error at line {line}, column {column}")
    assert text == f"  {query.split(chr(10))[line - 1]}"
    assert caret.rstrip("^").replace("\t", " ") == " " * (column + 1) and caret.endswith("^")


def test_a_long_line_is_shown_around_the_place_only(small: Store) -> None:
    with pytest.raises(Refusal) as refused:
        run(small, f"SELECT * {{ {'?s ?p ?o . ' * 500} ?s ?p }}")
    assert max(map(len, refused.value.message.split("\n"))) < 250


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("SELECT * { ?s nope:x ?o }", "the prefix nope: isn't declared"),
        ("SELECT ?s (1 AS ?s) { ?s ?p ?o }", "overrides an existing variable"),
    ],
)
def test_a_syntax_error_says_what_is_wrong_where_that_is_known(query: str, what: str, small: Store) -> None:
    with pytest.raises(Refusal, match=what):
        run(small, query)


@pytest.mark.parametrize("query", ["", " \n\t"])
def test_an_empty_query_is_refused(query: str) -> None:
    with pytest.raises(Refusal, match="empty"):
        check_read_only(query)


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("SELECT * " + "{" * 50_000 + "}" * 50_000, "nested deeper"),
        ("SELECT * { FILTER(" + "(" * 50_000 + "1" + ")" * 50_000 + ") }", "nested deeper"),
        ("SELECT * { ?s ?p ?o " + "FILTER(1" + "||1" * 20_000 + ") }", "joined of more"),
        ("SELECT * { FILTER(" + "!" * 20_000 + "1) }", "joined of more"),
        ("SELECT * { " + "{} UNION " * 20_000 + "{} }", "joined of more"),
        ("SELECT * { " + "?s ?p ?o . " * 20_000 + "}", "joined of more"),
        ("SELECT * { ?s ?p 1" + ",1" * 20_000 + " }", "joined of more"),
        ("SELECT * { ?s ?p (" + "1 a:b " * 20_000 + ") }", "joined of more"),
    ],
    ids=["braces", "brackets", "or", "not", "union", "statements", "objects", "collection"],
)
def test_a_query_that_would_overflow_the_engine_is_refused(query: str, what: str, small: Store) -> None:
    with pytest.raises(Refusal, match=what):
        run(small, query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * " + "{" * 190 + "}" * 190,
        "SELECT * { VALUES ?x {" + " 1.5 'x({' <http://a/b.c> a:b 2" * 3000 + " } }",
        "SELECT * {} # " + "{(" * 3000,
        "SELECT * { FILTER(1 IN (1" + ", 1" * 3000 + ")) }",
    ],
    ids=["nested", "values", "comment", "in"],
)
def test_size_is_counted_only_where_it_nests_or_joins(query: str) -> None:
    check_read_only(query)


def test_words_joined_by_dots_are_read_in_a_single_pass() -> None:
    assert [word for word, _ in words("a.b-c ?d.e 'f' <g> h:i #j\n_k")] == ["A", "B", "C", "E", "_K"]


def test_the_default_graph_is_the_union_of_all_graphs(small: Store) -> None:
    answer = run(small, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    assert isinstance(answer, Rows)
    assert str(answer.rows[0][0]).startswith(f'"{len(small)}"')


@pytest.mark.parametrize(
    ("clause", "count"), [("FROM <http://g/2>", 1), ("FROM <http://g/2> FROM <http://g/3>", 2), ("FROM NAMED <http://g/2>", 0), ("", 7)]
)
def test_a_query_may_choose_its_graphs(clause: str, count: int, small: Store) -> None:
    answer = run(small, f"SELECT * {clause} {{ ?s ?p ?o }}")
    assert isinstance(answer, Rows)
    assert len(answer.rows) == count


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("ASK { ?s ?p ?o }", True),
        ("ASK { ?s ?p 'nothing' }", False),
        ("SELECT ?s ?x { ?s ?p 'nothing' }", Rows(["s", "x"], [])),
        ("SELECT ?s ?x { BIND(1 AS ?s) }", Rows(["s", "x"], [[Literal(1), None]])),
        ("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p 'nothing' }", []),
    ],
)
def test_each_form_of_query_has_its_kind_of_answer(query: str, answer: object, small: Store) -> None:
    assert run(small, query) == answer
