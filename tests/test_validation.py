import csv
import io
import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import rdflib
from rdflib.namespace import RDF, SH

from gcm_graph.content import Content
from gcm_graph.errors import Refusal
from gcm_graph.sources import Sources
from gcm_graph.validation import FORMATS, KEYS, REPORTS, SEVERITIES, FileReport, read_rdf, validate
from gcm_graph.vocabulary import BASE, ID

GCM, X = f"{BASE}/ontology#", f"{ID}x-2026"
TEXT = "They commit."

SHAPES = """@prefix gcm: <https://w3id.org/gcm-graph/ontology#> .
@prefix gcmsh: <https://w3id.org/gcm-graph/shapes#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
gcmsh:prefixes sh:declare [ sh:prefix "gcm" ; sh:namespace "https://w3id.org/gcm-graph/ontology#"^^xsd:anyURI ] .
gcmsh:Provision a sh:NodeShape ;
    sh:targetClass gcm:Provision ;
    sh:property gcmsh:Provision-statement , gcmsh:Provision-long , gcmsh:Provision-note , gcmsh:Provision-words .
gcmsh:Provision-statement a sh:PropertyShape ; sh:path gcm:statement ; sh:minCount 1 ;
    gcm:code "T01" ; gcm:column "statement" ; sh:severity sh:Violation ;
    sh:message "It has a statement."@en , "Tiene enunciado."@es ; gcm:remedy "Write one."@en , "Escriba uno."@es .
gcmsh:Provision-long a sh:PropertyShape ; sh:path gcm:statement ; sh:minCount 1 ; sh:maxLength 20 ;
    gcm:code "T02" ; sh:severity sh:Violation ; gcm:suppressedBy gcmsh:Provision-statement ;
    sh:message "It is short."@en , "Es breve."@es ; gcm:remedy "Cut it, 100% of it,\\nplease."@en , "Córtelo."@es .
gcmsh:Provision-note a sh:PropertyShape ; sh:path gcm:note ; sh:minCount 1 ;
    gcm:code "T03" ; sh:severity sh:Warning ;
    sh:message "It has a note."@en , "Tiene nota."@es ; gcm:remedy "Write one."@en , "Escriba una."@es .
gcmsh:Provision-words a sh:PropertyShape ; sh:path gcm:words ; gcm:needsText true ;
    sh:sparql [ a sh:SPARQLConstraint ; sh:prefixes gcmsh:prefixes ; sh:select \"\"\"
        SELECT $this ?value { $this gcm:words ?value . ?text gcm:fullText ?full . FILTER (!CONTAINS(?full, ?value)) }
    \"\"\" ] ;
    gcm:code "T04" ; sh:severity sh:Info ;
    sh:message "Its words are in the text."@en , "Sus palabras están en el texto."@es ; gcm:remedy "Look."@en , "Mire."@es .
"""

FILE = f"""@base <{X}/> .
@prefix gcm: <{GCM}> .
# <A-b01> isn't here

<source> a gcm:SourceText ; gcm:sha256 "{sha256(TEXT.encode()).hexdigest()}" .
<A-b01> a gcm:Provision ; gcm:statement "short" ; gcm:note "n" ; gcm:words "commit" .
<A-b02> a gcm:Provision ;
    gcm:note "n" .
<A-b03> a gcm:Provision ; gcm:statement "much too long, in fact far too long" ; gcm:words "elsewhere" .
"""


@pytest.fixture
def shaped(tiny: Content) -> Content:
    (tiny.root / "shapes").mkdir()
    (tiny.root / "shapes/provision.ttl").write_text(SHAPES, "utf-8")
    return tiny


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x-2026.ttl"
    path.write_text(FILE, "utf-8")
    return path


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.md"
    path.write_text(TEXT, "utf-8")
    return path


@pytest.fixture
def reports(shaped: Content, file: Path, text: Path) -> list[FileReport]:
    return validate([file], shaped, Sources(None, (text,)))


def _brief(report: FileReport) -> list[tuple[str, str, str, int | None]]:
    return [(f.code, f.severity, f.focus.removeprefix(f"{X}/"), f.line) for f in report.findings]


def test_findings_come_most_serious_first_with_code_focus_and_line(reports: list[FileReport]) -> None:
    (report,) = reports
    assert _brief(report) == [
        ("T01", "violation", "A-b02", 7),
        ("T02", "violation", "A-b03", 9),
        ("T03", "warning", "A-b03", 9),
        ("T04", "info", "A-b03", 9),
    ]
    assert (report.submission, report.conforms, report.unchecked) == ("x-2026", False, [])


def test_a_finding_that_another_explains_is_left_out(reports: list[FileReport]) -> None:
    assert [f.code for f in reports[0].findings if f.focus.endswith("A-b02")] == ["T01"]


def test_without_the_text_its_checks_are_named_as_not_made(shaped: Content, file: Path) -> None:
    (report,) = validate([file], shaped, Sources(None))
    assert "T04" not in {f.code for f in report.findings}
    assert [(u["code"], "x-2026/source" in u["reason"]) for u in report.unchecked] == [("T04", True)]


@pytest.mark.parametrize(("kept", "conforms"), [("T03 T04", True), ("T01", False)])
def test_only_violations_keep_a_file_from_conforming(shaped: Content, tmp_path: Path, text: Path, kept: str, conforms: bool) -> None:
    path = tmp_path / "y.ttl"
    body = "a gcm:Provision ; gcm:statement 'x' ; gcm:words 'zzz'" if conforms else "a gcm:Provision ; gcm:note 'n'"
    path.write_text(FILE.split("<A-b01> a")[0] + f"<A-b01> {body} .\n", "utf-8")
    (report,) = validate([path], shaped, Sources(None, (text,)))
    assert ([f.code for f in report.findings], report.conforms) == (kept.split(), conforms)


def test_a_file_that_says_nothing_conforms(shaped: Content, tmp_path: Path) -> None:
    (tmp_path / "empty.ttl").write_text("")
    (report,) = validate([tmp_path / "empty.ttl"], shaped, Sources(None))
    assert (report.conforms, report.findings, report.submission) == (True, [], None)


def test_what_other_files_say_is_context_and_no_finding_of_this_one(shaped: Content, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "reading.ttl"
    other.write_text(f"<{X}/interpretation/A-b02> a <urn:Reading> .\n<{X}/A-b02> <{GCM}statement> 'given here' .\n")
    first, second = validate([file, other], shaped, Sources(None))
    assert not {f.code for f in first.findings if f.focus.endswith("A-b02")}
    assert second.findings == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_json_has_the_fixed_keys(reports: list[FileReport], language: str) -> None:
    loaded = json.loads(REPORTS["json"](reports, language))
    assert set(loaded) == {"conforms", "files"} and loaded["conforms"] is False
    (one,) = loaded["files"]
    assert set(one) == {"file", "submission", "results", "unchecked"} and one["submission"] == "x-2026"
    for result in one["results"]:
        assert tuple(result) == KEYS
        assert result["severity"] in SEVERITIES and result["sheet"] is result["cell"] is None
    assert one["results"][0]["message"] == ("It has a statement." if language == "en" else "Tiene enunciado.")
    assert one["results"][0]["remedy"] == ("Write one." if language == "en" else "Escriba uno.")
    assert one["results"][0]["column"] == "statement"


def _from_json(text: str) -> list[tuple[Any, ...]]:
    return sorted((r["focus"], r["severity"], r["message"]) for r in json.loads(text)["files"][0]["results"])


def _from_csv(text: str) -> list[tuple[Any, ...]]:
    rows = list(csv.DictReader(io.StringIO(text)))
    assert all(tuple(row) == ("file", *KEYS) for row in rows)
    return sorted((r["focus"], r["severity"], r["message"]) for r in rows)


def _from_ttl(text: str) -> list[tuple[Any, ...]]:
    graph = rdflib.Graph().parse(data=text, format="turtle")
    (report,) = graph.subjects(RDF.type, SH.ValidationReport)
    assert graph.value(report, SH.conforms) == rdflib.Literal(False)
    found = []
    for node in graph.objects(report, SH.result):
        (message,) = [m for m in graph.objects(node, SH.resultMessage) if getattr(m, "language", "") == "en"]
        severity = str(graph.value(node, SH.resultSeverity)).rpartition("#")[2].lower()
        found.append((str(graph.value(node, SH.focusNode)), severity, str(message)))
    return sorted(found)


def _from_github(text: str) -> list[tuple[Any, ...]]:
    level = {"error": "violation", "warning": "warning", "notice": "info"}
    lines = [re.fullmatch(r"::(\w+) file=[^,:]+,line=\d+,title=T\d\d::(.*?\.) .*\((.*)\)", line) for line in text.splitlines()]
    return sorted((m[3], level[m[1]], m[2]) for m in lines if m)


def _from_text(text: str) -> list[tuple[Any, ...]]:
    found, severity, message = [], "", ""
    for line in text.splitlines():
        if head := re.match(r"  T\d\d (\w+): (.*)", line):
            severity, message = head[1], head[2]
        elif place := re.match(r"     line \d+: (\S+)", line):
            found.append((ID + place[1], severity, message))
    return sorted(found)


READERS = {"json": _from_json, "csv": _from_csv, "ttl": _from_ttl, "github": _from_github, "text": _from_text}


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_of_the_report_says_the_same(reports: list[FileReport], form: str) -> None:
    assert READERS[form](REPORTS[form](reports, "en")) == sorted(
        (f.focus, f.severity, f.messages["en"]) for report in reports for f in report.findings
    )


def test_every_format_is_offered_and_read_here() -> None:
    assert set(FORMATS) == set(REPORTS) == set(READERS)


def test_github_commands_are_one_line_each_and_escaped(reports: list[FileReport]) -> None:
    reports[0].file = "a,b:c%.ttl"
    lines = REPORTS["github"](reports, "en").splitlines()
    assert len(lines) == 4
    assert all(line.split("::")[1].partition("file=")[2].startswith("a%2Cb%3Ac%25.ttl,line=") for line in lines)
    assert "100%25 of it,%0Aplease." in lines[1]


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("does not conform", "2 violations", "line 7")), ("es", ("no conforme", "2 incumplimientos", "línea 7"))]
)
def test_the_text_counts_and_places_in_the_language(reports: list[FileReport], language: str, words: tuple[str, ...]) -> None:
    assert all(word in REPORTS["text"](reports, language) for word in words)


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        ("@prefix x: <@/> .", "x:A-b02"),
        ("PREFIX x: <@/>", "x:A-b02"),
        ("prefix x: <@/>", "x:A-b02"),
        ("  @prefix x: <@/> .", "x:A-b02"),
        ("@base <@/> .", "<A-b02>"),
        ("BASE <@/>", "<A-b02>"),
        ("@base <@/A> .\n@prefix x: <A-> .", "x:b02"),
        ("@base <https://w3id.org/gcm-graph/id/> .", "<x-2026/A-b02>"),
        ("@base <https://w3id.org/gcm-graph/id/x-2026/y> .", "<A-b02>"),
        ("", "<@/A-b02>"),
        ("# @base <http://elsewhere/> .", "<@/A-b02>"),
        ("@prefix : <@/> .", ":A-b02"),
    ],
)
def test_the_line_of_a_block_is_found_however_its_subject_is_written(shaped: Content, tmp_path: Path, header: str, subject: str) -> None:
    path = tmp_path / "y.ttl"
    path.write_text(f"{header}\n\n# comment\n{subject} a <{GCM}Provision> ;\n  <{GCM}note> 'n' .\n".replace("@/", f"{X}/"), "utf-8")
    (report,) = validate([path], shaped, Sources(None))
    assert [(f.code, f.line) for f in report.findings] == [("T01", header.count("\n") + 4)]


@pytest.mark.parametrize("inside", ["<http://a b>", "<http://[bad>", "x:nothing here", "@prefix x: <http://elsewhere/> .", "<::>"])
def test_what_stands_in_a_long_text_does_not_upset_the_lines(shaped: Content, tmp_path: Path, inside: str) -> None:
    path = tmp_path / "y.ttl"
    path.write_text(f'<{X}/A-b01> a <{GCM}Provision> ; <{GCM}note> """\n{inside}\n""" .\n', "utf-8")
    (report,) = validate([path], shaped, Sources(None))
    assert [(f.code, f.line) for f in report.findings] == [("T01", 1)]


@pytest.mark.parametrize("form", ["nt", "nq", "trig", "ttl"])
def test_line_based_syntaxes_have_lines_and_others_the_focus(shaped: Content, tmp_path: Path, form: str) -> None:
    path = tmp_path / f"y.{form}"
    path.write_text(f"\n<{X}/A-b01> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{GCM}Provision> .\n")
    assert validate([path], shaped, Sources(None))[0].findings[0].line == 2


def test_json_ld_and_rdf_xml_are_validated_by_their_focus(shaped: Content, tmp_path: Path) -> None:
    (tmp_path / "y.jsonld").write_text(json.dumps({"@id": f"{X}/A-b01", "@type": f"{GCM}Provision"}))
    xml = f'<p:Provision xmlns:p="{GCM}" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" rdf:about="{X}/A-b01"/>'
    (tmp_path / "y.rdf").write_text(xml)
    for report in validate([tmp_path / "y.jsonld", tmp_path / "y.rdf"], shaped, Sources(None)):
        assert (report.findings[0].focus, report.findings[0].line) == (f"{X}/A-b01", None)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.ttl", b"<urn:a> <urn:b> <urn:c> .\nnonsense\n", r"a\.ttl:2: "),
        ("a.ttl", b"\xff\xfe", r"a\.ttl:1: .*UTF-8"),
        ("a.ttl", b"<http://[bad> <urn:b> <urn:c> .", r"a\.ttl:1: "),
        ("a.trig", b"{ <urn:a> <urn:b>", r"a\.trig:1: "),
        ("a.nt", b"<urn:a> <urn:b> <urn:c> .\n<urn:a> x", r"a\.nt:2: "),
        ("a.nq", b"nonsense", r"a\.nq:1: "),
        ("a.jsonld", b"{", r"a\.jsonld"),
        ("a.rdf", b"<rdf:RDF", r"a\.rdf"),
        ("a.rdf", b'<!DOCTYPE r [<!ENTITY a "b">]><r/>', "document type declaration is refused"),
        ("a.jsonld", b'{"@context": "http://127.0.0.1:9/c", "@id": "urn:a"}', "a context elsewhere is never fetched"),
        ("a.jsonld", b'{"@context": {"@import": "http://127.0.0.1:9/c"}, "@id": "urn:a"}', "a context elsewhere is never fetched"),
        ("a.doc", b"", "unknown kind of file"),
        ("ttl", b"", "unknown kind of file"),
    ],
)
def test_what_can_not_be_read_is_refused_with_its_place(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Refusal, match=said):
        read_rdf(tmp_path / name)


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.ttl").mkdir()
    for name in ("none.ttl", "folder.ttl"):
        with pytest.raises(Refusal, match=f"{name}: can't be read"):
            read_rdf(tmp_path / name)


def test_a_file_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gcm_graph.validation._LIMIT", 10)
    (tmp_path / "a.ttl").write_text("# eleven ..")
    with pytest.raises(Refusal, match="larger than"):
        read_rdf(tmp_path / "a.ttl")


def test_relative_names_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a b.ttl").write_text("<> <urn:b> <urn:c> .")
    assert str(read_rdf(tmp_path / "a b.ttl")[0].subject) == f"<{(tmp_path / 'a b.ttl').as_uri()}>"


def test_a_text_that_was_cleaned_after_annotation_is_the_one_thing_reported(content: Content, sources_dir: Path, tmp_path: Path) -> None:
    cleaned = tmp_path / "cleaned.md"
    cleaned.write_text((sources_dir / "guatemala-gcm-2017.md").read_text("utf-8").replace("\n\n", "\n"), "utf-8")
    [file] = [f.path for f in content.files() if f.name == "instances/submissions/guatemala-2017.ttl"]
    [report] = validate([file], content, Sources(None, (cleaned,)))
    assert [f.code for f in report.findings if f.severity == "violation"] == ["S01"]
    assert report.unchecked == []


def test_the_shipped_submission_with_its_text_has_no_violation_and_nothing_is_left_unchecked(content: Content, sources_dir: Path) -> None:
    files = [f.path for f in content.files() if f.name.startswith(("instances/submissions/", "instances/interpretations/"))]
    reports = validate(files, content, Sources(None, (sources_dir / "guatemala-gcm-2017.md",)))
    assert len(reports) == 2
    assert all(report.conforms and not report.unchecked for report in reports)


def test_a_moved_passage_a_foreign_code_and_a_missing_bearer_are_each_found(content: Content, sources_dir: Path, tmp_path: Path) -> None:
    [file] = [f.path for f in content.files() if f.name == "instances/submissions/guatemala-2017.ttl"]
    text = file.read_text("utf-8")
    for planted, replaced, code in (
        ("oa:start 10126", "oa:start 10127", "S02"),
        ("gcm:concernsRight right:access-to-justice", "gcm:concernsRight service:housing", "S35"),
        (
            "gcm:hasStatedBearer bearer:international-community ;\n    gcm:usesMeasure measure:protection",
            "gcm:usesMeasure measure:protection",
            "S17",
        ),
    ):
        assert planted in text, planted
        spoilt = tmp_path / "guatemala-2017.ttl"
        spoilt.write_text(text.replace(planted, replaced, 1), "utf-8")
        [report] = validate([spoilt], content, Sources(None, (sources_dir / "guatemala-gcm-2017.md",)))
        assert code in {f.code for f in report.findings if f.severity == "violation"}, code
        assert not report.conforms
