"""The command line as a contract: what goes where, which exit status, and a sentence for everything that can go wrong."""

import csv
import errno
import fcntl
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import click
import pytest
from conftest import Run
from openpyxl import load_workbook
from pyoxigraph import RdfFormat, parse

from gcm_graph.cli import cli
from gcm_graph.session import GRAPH_FORMATS, ROW_FORMATS

GROUP = "group=unaccompanied-migrant-children"
SELECT = "SELECT ?s ?p { ?s gcm:statement ?p } ORDER BY ?s LIMIT 3"
CONSTRUCT = "CONSTRUCT { ?s a ?c } { ?s a ?c } LIMIT 3"


def _commands(group: click.Group, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, *path, name)
        else:
            yield (*path, name)


@pytest.mark.parametrize("command", list(_commands(cli)), ids=" ".join)
def test_every_command_has_help_with_an_example(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, "--help")
    assert (done.code, done.stderr) == (0, "")
    assert "Example:" in done.stdout and "gcm-graph" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("questions",), ("questions", "group"), ("ask", "provisions-protecting-a-group", GROUP), ("search", "niñez"),
        ("show", "III.1-b01"), ("cite", "III.1-b01"), ("explain", "IV.2-p01", "unaccompanied-migrant-children"),
        ("infer", "--submission", "guatemala-2017", "--format", "nt"), ("export", "-"), ("export", "-", "--table", "provisions"),
        ("source", "list"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_done_says_only_what_the_document_is_when_piped(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.code == 0
    expected = ("Which provisions would protect", "guatemala-2017: Results of a national consultation")
    said = [line for line in done.stderr.splitlines() if not line.startswith(expected)]
    assert said == []  # but what was asked and what the document is, which go with every answer
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("questions", "provisions-on-a-rite"), "Did you mean provisions-on-a-right"),
        (("questions", "grup"), "Did you mean group"),
        (("ask", "provisions-on-a-rite"), "Did you mean provisions-on-a-right"),
        (("ask", "provisions-on-a-right", "rigth=health"), "Did you mean right"),
        (("ask", "provisions-protecting-a-group", "group=unacompanied-migrant-children"), "unaccompanied-migrant-children"),
        (("ask", "provisions-protecting-a-group", "group"), "is not name=value"),
        (("ask", "provisions-protecting-a-group", "group= "), "is not name=value"),
        (("show", "unaccompanied migrant childen"), "unaccompanied-migrant-children"),
        (("cite", "III.1-b99"), "III.1-b0"),
        (("cite", "III.1-b01", "--style", "apa"), "'apa' is not one of"),
        (("search", " "), "Nothing to search for"),
        (("export", "out.docx"), "the ending doesn't say"),
        (("export", "-", "--table", "provision"), "Did you mean provisions"),
        (("export", "-", "--submission", "gautemala-2017"), "guatemala-2017"),
        (("source", "add", "no-such-file"), "can't be read"),
        (("source", "remove", "00"), "0 source texts"),
        (("validate", "no-such-file.ttl"), "no-such-file.ttl"),
        (("query", "no-such-file.rq"), "no-such-file.rq"),
        (("query", "-", "--store", "https://example.org/sparql"), "isn't supported"),
        (("questions", "--data", "/no/such/directory"), "There is no data directory"),
        (("nonsense",), "No such command"),
        (("ask",), "Missing argument"),
        (("check", "--lang", "fr"), "'fr' is not one of"),
    ],
    ids=str,
)
def test_wrong_use_is_a_sentence_on_standard_error_and_2(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments, stdin=SELECT)
    assert (done.code, done.stdout) == (2, "")
    assert says in done.stderr and "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("SELECT * {\n  ?s ?p }", "Syntax error at line 2, column"),
        ("DELETE WHERE { ?s ?p ?o }", "is an update and refused"),
        ("LOAD <http://example.org/>", "is an update and refused"),
        ("SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }", "SERVICE is refused"),
        ("", "The query is empty"),
    ],
)
def test_a_query_that_can_not_be_answered_is_refused(run: Run, text: str, says: str) -> None:
    done = run("query", "-", stdin=text)
    assert (done.code, done.stdout) == (2, "")
    assert says in done.stderr


def test_a_query_that_is_not_utf_8_is_refused_with_the_byte(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.rq").write_bytes(b"ASK { ?s ?p 'ni\xf1ez' }")
    done = run("query", str(tmp_path / "a.rq"))
    assert (done.code, done.stdout) == (2, "")
    assert "a.rq: byte 15 isn't UTF-8" in done.stderr


def test_a_query_file_may_begin_with_a_byte_order_mark(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.rq").write_text(SELECT, "utf-8-sig")
    assert run("query", str(tmp_path / "a.rq")).stdout == run("query", "-", stdin=SELECT).stdout != ""


@pytest.mark.parametrize(
    ("text", "forms"),
    [(SELECT, ROW_FORMATS), (CONSTRUCT, GRAPH_FORMATS), ("DESCRIBE gcm:Commitment", GRAPH_FORMATS), ("ASK {}", ROW_FORMATS[:-1])],
)
def test_a_query_is_written_in_the_formats_that_can_hold_it_and_refused_in_others(run: Run, text: str, forms: tuple[str, ...]) -> None:
    for form in (*ROW_FORMATS, *GRAPH_FORMATS):
        done = run("query", "-", "--format", form, stdin=text)
        assert done.code == (0 if form in forms else 2), form
        assert bool(done.data) == (form in forms), form
        assert form in forms or "can't hold" in done.stderr


def test_an_ask_is_a_word_or_sparql_json(run: Run) -> None:
    assert run("query", "-", stdin="ASK { ?s ?p ?o }").stdout == "true\n"
    assert json.loads(run("query", "-", "--format", "json", stdin="ASK { ?s gcm:no ?o }").stdout) == {"head": {}, "boolean": False}


def test_explain_of_a_query_goes_to_standard_error(run: Run) -> None:
    done = run("query", "-", "--explain", stdin=SELECT)
    assert done.stdout == run("query", "-", stdin=SELECT).stdout
    assert "3 results" in done.stderr


def test_a_pipe_gets_csv_and_a_terminal_a_table_with_the_standing_above(run: Run) -> None:
    asked = ("ask", "provisions-protecting-a-group", GROUP)
    piped, shown = run(*asked), run(*asked, terminal=True, width=100)
    rows = list(csv.reader(io.StringIO(piped.stdout)))
    assert {len(row) for row in rows} == {len(rows[0])} and "provision" in rows[0]
    assert "guatemala-2017:" in shown.stdout and f"{len(rows) - 1} rows" in shown.stdout
    assert "guatemala-2017:" not in piped.stdout.splitlines()[0]


@pytest.mark.parametrize(("locale", "heading"), [("es_GT.UTF-8", "filas."), ("en_GB.UTF-8", "rows."), ("C", "rows.")])
def test_a_terminal_is_spoken_to_in_its_language(run: Run, monkeypatch: pytest.MonkeyPatch, locale: str, heading: str) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    assert heading in run("search", "niñez", terminal=True).stdout


def test_several_values_come_by_repetition_or_commas(run: Run) -> None:
    question, right = "provisions-on-a-right", "right=family-unity,health"
    repeated = run("ask", question, "right=family-unity", "right=health")
    assert repeated.code == 0
    assert repeated.stdout == run("ask", question, right).stdout


@pytest.mark.parametrize("ending", ["csv", "tsv", "json", "xlsx"])
def test_a_table_is_exported_by_the_ending_of_its_file(run: Run, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"provisions.{ending}"
    assert run("export", "--table", "provisions", str(out)).code == 0
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    if ending == "xlsx":
        assert (load_workbook(out).active or pytest.fail("no sheet"))["A1"].value == "iri"
    else:
        assert out.read_bytes() == run("export", "--table", "provisions", "-", "--format", ending).data


def test_a_submission_is_exported_without_the_graphs_of_others_and_without_what_follows(run: Run) -> None:
    quads = parse(run("export", "-", "--submission", "guatemala-2017", "--format", "nq").data, format=RdfFormat.N_QUADS)
    graphs = {str(getattr(quad.graph_name, "value", "")) for quad in quads}
    assert graphs and all("/guatemala-2017" in graph and not graph.endswith("/inferred") for graph in graphs)
    assert b"/inferred>" in run("export", "-", "--inferred", "--submission", "guatemala-2017", "--format", "nq").data


def test_an_export_to_an_unwritable_place_leaves_what_was_there(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out.nq").mkdir()
    for out in (tmp_path / "out.nq", tmp_path / "none/out.nq"):
        done = run("export", str(out))
        assert (done.code, done.stdout) == (2, "")
        assert "can't be written" in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["out.nq"]


def test_an_export_through_a_link_keeps_the_link_and_a_device_stays_a_device(run: Run, tmp_path: Path) -> None:
    (tmp_path / "link.nq").symlink_to(tmp_path / "real.nq")
    os.mkfifo(tmp_path / "pipe.nq")
    reader = os.open(tmp_path / "pipe.nq", os.O_RDONLY | os.O_NONBLOCK)
    exported = ("export", "--table", "provisions", "--format", "csv")
    assert run(*exported, str(tmp_path / "link.nq")).code == 0
    assert (tmp_path / "link.nq").is_symlink() and (tmp_path / "real.nq").stat().st_size > 0
    with suppress(OSError):  # a pipe that nobody empties takes no more than it holds
        fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 1 << 20)
    assert run(*exported, str(tmp_path / "pipe.nq")).code == 0
    assert os.read(reader, 4) == b"iri,"
    os.close(reader)
    assert (tmp_path / "pipe.nq").is_fifo()


def test_a_disk_that_fills_up_leaves_what_was_there(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.csv"
    out.write_text("before")

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    done = run("export", "--table", "provisions", str(out))
    assert (done.code, "No space left" in done.stderr) == (2, True)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out.csv", "before")]


def test_a_store_that_is_something_else_is_refused_and_left(run: Run, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    for command in (("questions", "group"), ("check", "--repair")):
        done = run(*command, "--store", str(tmp_path))
        assert (done.code, done.stdout) == (2, "")
        assert "isn't a store: it holds 'diary.txt'" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


@pytest.mark.parametrize("value", ["lang=all", "group=,", "group=, ,", "lang=es,en"])
def test_a_value_that_means_nothing_is_refused_and_never_taken_for_any(run: Run, value: str) -> None:
    done = run("ask", "provisions-protecting-a-group", value)
    assert (done.code, done.stdout) == (2, "")


def test_a_violation_is_1_and_the_report_still_whole(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.ttl"
    path.write_text("<https://w3id.org/gcm-graph/id/x-2026/A-b01> a <https://w3id.org/gcm-graph/ontology#Commitment> .\n")
    done = run("validate", str(path), "--format", "json")
    assert done.code == 1 and json.loads(done.stdout)["conforms"] is False
    written = run("validate", str(path), "--format", "json", "--out", str(tmp_path / "report.json"))
    assert (written.code, written.stdout) == (1, "")
    assert (tmp_path / "report.json").read_text("utf-8") == done.stdout


def test_a_source_text_is_added_listed_and_removed(run: Run, tmp_path: Path) -> None:
    data, text = tmp_path / "data", tmp_path / "text.md"
    text.write_text("niñez", "utf-8")
    data.mkdir()
    there = ("--data", str(data))
    added = run("source", "add", str(text), *there)
    assert added.stdout == f"{sha256(text.read_bytes()).hexdigest()}\t-\t5\n"
    assert "No submission was read in this text" in added.stderr
    assert run("source", "list", *there).stdout == added.stdout
    assert run("source", "remove", added.stdout[:8], *there).stdout.strip() == added.stdout.split("\t")[0]
    assert run("source", "list", *there).stdout == ""


def test_a_text_that_is_not_the_annotated_one_quotes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("another text")
    done = run("cite", "III.1-b01", "--source", str(tmp_path / "other.md"))
    assert (done.code, done.stdout) == (2, "")
    assert "None of the given texts" in done.stderr


def _program(*arguments: str, **options: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "gcm_graph", *arguments], stdin=subprocess.DEVNULL, **options)  # type: ignore[call-overload, no-any-return]


def test_a_reader_that_has_read_enough_is_no_error(run: Run) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        started = _program("export", "-", "--format", "nq", stdout=closed, stderr=subprocess.PIPE)
        _, told = started.communicate()
    assert (started.returncode, told) == (0, b"")


@pytest.mark.parametrize("closed", [0, 1])
def test_a_stream_that_is_closed_is_a_sentence(closed: int) -> None:
    command = [sys.executable, "-m", "gcm_graph", "query", "-"]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}{"<" if closed == 0 else ">"}&-', "sh", *command], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("standard output is closed" if closed else "The query is empty")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_behind_standard_output_is_said(run: Run) -> None:
    with Path("/dev/full").open("wb") as full:
        started = _program("cite", "III.1-b01", stdout=full, stderr=subprocess.PIPE)
        _, told = started.communicate()
    assert started.returncode == 2
    assert b"No space left" in told and b"Traceback" not in told
