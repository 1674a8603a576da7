"""SHACL validation of submissions: each finding with its code, place, message and remedy in both languages.

The shapes are data. They run over an Oxigraph store that holds the file, raw and without inference, beside the
vocabularies, the reference files and the ontology; findings count only on what the file itself says.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store, parse

from gcm_graph.content import Content
from gcm_graph.errors import Refusal
from gcm_graph.formats import GRAPHS, rdf_format
from gcm_graph.shapes import Result, ShapesGraph, mark, marked
from gcm_graph.sources import Sources
from gcm_graph.store import parse_file
from gcm_graph.vocabulary import ID, PREFIXES, compact, expand

SEVERITIES = ("violation", "warning", "info")
_SHOWN = {"violation": 20, "warning": 10, "info": 3}  # findings of one kind in a report for people; files list all
FORMATS = ("text", "json", "csv", "ttl", "github")
KEYS = ("code", "severity", "sheet", "cell", "line", "column", "focus", "path", "value", "message", "remedy")
_LIMIT = 100_000_000  # bytes of a file to validate
_SH = PREFIXES["sh"]
_ESCAPES: dict[int, str] = {ord("%"): "%25", ord("\r"): "%0D", ord("\n"): "%0A"}  # in GitHub's workflow commands


@dataclass(frozen=True)
class Finding:
    """One result: code and severity, where (line, column, focus node, path), what was written, what to do."""

    code: str
    severity: str
    line: int | None
    column: str | None
    focus: str
    path: str | None
    value: str | None
    messages: dict[str, str]
    remedies: dict[str, str]
    shape: str

    def row(self, language: str) -> dict[str, Any]:
        """Return the finding under the fixed keys of the report."""
        return {
            "code": self.code,
            "severity": self.severity,
            "sheet": None,
            "cell": None,
            "line": self.line,
            "column": self.column,
            "focus": self.focus,
            "path": self.path,
            "value": self.value,
            "message": self.messages.get(language) or self.messages.get("en", ""),
            "remedy": self.remedies.get(language) or self.remedies.get("en", ""),
        }


@dataclass
class FileReport:
    """What was found in one file, and which checks could not be made."""

    file: str
    submission: str | None
    findings: list[Finding] = field(default_factory=list)
    unchecked: list[dict[str, str]] = field(default_factory=list)

    @property
    def conforms(self) -> bool:
        """Whether there is no violation; warnings and hints don't count."""
        return not any(f.severity == "violation" for f in self.findings)


def read_rdf(path: Path) -> list[Quad]:
    """Read a file in any RDF syntax; raise Refusal with file and line for what can't be read.

    Remote contexts, imports and entities are never followed.
    """
    syntax = rdf_format(path.name)
    if syntax is None:
        known = ", ".join(ending for f in GRAPHS.values() for ending in f.endings)
        raise Refusal(f"{path}: unknown kind of file.", f"Give a file ending in one of {known}.")
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise Refusal(f"{path}: larger than {_LIMIT // 1_000_000} MB.", "Split it, one submission a file.")
    except OSError as error:
        raise Refusal(f"{path}: can't be read: {error.strerror}.", "Check the path.") from None
    if syntax == RdfFormat.RDF_XML and b"<!DOCTYPE" in data:
        raise Refusal(f"{path}: a document type declaration is refused, since entities may hide in it.", "Write the IRIs out.")
    try:
        return list(parse(data, format=syntax, base_iri=path.resolve().as_uri()))
    except SyntaxError as error:
        if "LoadDocumentCallback" in str(error.msg):
            raise Refusal(f"{path}: a context elsewhere is never fetched.", "Write the context into the file.") from None
        where, what = (f"{path}:{error.lineno}", "that line") if error.lineno else (str(path), "the file")
        raise Refusal(f"{where}: {error.msg}", f"Correct {what}.") from None
    except ValueError as error:
        raise Refusal(f"{path}: {error}", "Correct the file.") from None


def validate(paths: Iterable[Path], content: Content, sources: Sources) -> list[FileReport]:
    """Validate files against the shapes, each with the others of its submission as context, and return a report each.

    `sources` are the source texts at hand; checks that need one that isn't are listed as unchecked.
    Raises Refusal for a file that can't be read.
    """
    given = {path: read_rdf(path) for path in paths}
    shapes = ShapesGraph(_quads_of(content, "shapes"))
    shared = [q for folder in ("ontology", "instances/vocabulary", "instances/reference") for q in _quads_of(content, folder)]
    reports = []
    for path, quads in given.items():
        submission = _submission_of(quads)
        twins = [q for other, others in given.items() if other != path and _submission_of(others) == submission for q in others]
        if submission and not any(_is_submission(q) for q in (*quads, *twins)):
            twins += _shipped_submission(content, submission)
        reports.append(_validate_one(path, quads, submission, [*shared, *twins], shapes, sources))
    return reports


def report_text(reports: list[FileReport], language: str) -> str:
    """Return the reports as text for people, most serious first, equal findings together."""
    spanish = language == "es"
    lines = []
    for report in reports:
        counts = {s: sum(f.severity == s for f in report.findings) for s in SEVERITIES}
        verdict = ("conforme" if spanish else "conforms") if report.conforms else ("no conforme" if spanish else "does not conform")
        names = ("incumplimientos", "advertencias", "avisos") if spanish else ("violations", "warnings", "hints")
        lines.append(f"{report.file}: {verdict} ({', '.join(f'{counts[s]} {n}' for s, n in zip(SEVERITIES, names, strict=True))})")
        groups: dict[tuple[int, str, str], list[Finding]] = {}
        for finding in report.findings:
            row = finding.row(language)
            groups.setdefault((SEVERITIES.index(finding.severity), finding.code, row["message"]), []).append(finding)
        for (severity, code, message), findings in sorted(groups.items(), key=lambda item: item[0]):
            kind = ("incumplimiento", "advertencia", "aviso")[severity] if spanish else SEVERITIES[severity]
            lines.append(f"\n  {code} {kind}: {message}")
            if remedy := findings[0].row(language)["remedy"]:
                lines.append(f"     → {remedy}")
            shown = _SHOWN[SEVERITIES[severity]]
            for finding in findings[:shown]:
                at = f"{'línea' if spanish else 'line'} {finding.line}: " if finding.line else ""
                value = f" — {compact(finding.value)!r}" if finding.value and finding.value != finding.focus else ""
                lines.append(f"     {at}{finding.focus.removeprefix(ID)}{value}")
            if len(findings) > shown:
                lines.append(f"     … {len(findings) - shown} {'más' if spanish else 'more'}")
        if report.unchecked:
            codes = ", ".join(u["code"] for u in report.unchecked)
            lines.append(f"\n  {'No comprobado' if spanish else 'Not checked'}: {codes} ({report.unchecked[0]['reason']})")
    return "\n".join(lines) + "\n"


def report_json(reports: list[FileReport], language: str) -> str:
    """Return the reports as the fixed JSON of the command line's contract."""
    files = [
        {"file": r.file, "submission": r.submission, "results": [f.row(language) for f in r.findings], "unchecked": r.unchecked}
        for r in reports
    ]
    return json.dumps({"conforms": all(r.conforms for r in reports), "files": files}, ensure_ascii=False, indent=1) + "\n"


def report_csv(reports: list[FileReport], language: str) -> str:
    """Return the findings as CSV, `file` first, then the keys of the JSON."""
    out = io.StringIO()
    writer = csv.DictWriter(out, ["file", *KEYS], lineterminator="\n")
    writer.writeheader()
    for report in reports:
        writer.writerows({"file": report.file, **f.row(language)} for f in report.findings)
    return out.getvalue()


def report_github(reports: list[FileReport], language: str) -> str:
    """Return the findings as workflow commands, which GitHub shows beside the lines of a pull request."""
    level = {"violation": "error", "warning": "warning", "info": "notice"}
    lines = []
    for report in reports:
        for finding in report.findings:
            row = finding.row(language)
            at = f",line={finding.line}" if finding.line else ""
            text = f"{row['message']} {row['remedy']} ({finding.focus})".translate(_ESCAPES)
            file = report.file.translate(_ESCAPES | {ord(","): "%2C", ord(":"): "%3A"})
            lines.append(f"::{level[finding.severity]} file={file}{at},title={finding.code}::{text}")
    return "".join(f"{line}\n" for line in lines)


def report_ttl(reports: list[FileReport], _language: str) -> str:
    """Return the findings as one sh:ValidationReport in Turtle."""
    from rdflib import BNode, Graph, URIRef
    from rdflib import Literal as RdfLiteral
    from rdflib.namespace import RDF, SH

    graph = Graph()
    graph.bind("sh", SH)
    report = BNode()
    graph.add((report, RDF.type, SH.ValidationReport))
    graph.add((report, SH.conforms, RdfLiteral(all(r.conforms for r in reports))))
    for finding in (f for r in reports for f in r.findings):
        node = BNode()
        graph.add((report, SH.result, node))
        graph.add((node, RDF.type, SH.ValidationResult))
        graph.add((node, SH.focusNode, URIRef(finding.focus)))
        graph.add((node, SH.sourceShape, URIRef(finding.shape)))
        graph.add((node, SH.resultSeverity, SH[finding.severity.capitalize()]))
        if finding.path and finding.path.startswith("http"):
            graph.add((node, SH.resultPath, URIRef(finding.path)))
        if finding.value:
            graph.add((node, SH.value, URIRef(finding.value) if finding.value.startswith("http") else RdfLiteral(finding.value)))
        for language, message in finding.messages.items():
            graph.add((node, SH.resultMessage, RdfLiteral(message, lang=language)))
    return graph.serialize(format="turtle")


REPORTS = {"text": report_text, "json": report_json, "csv": report_csv, "ttl": report_ttl, "github": report_github}


def _validate_one(
    path: Path, quads: list[Quad], submission: str | None, context: list[Quad], shapes: ShapesGraph, sources: Sources
) -> FileReport:
    store = Store()
    store.bulk_extend(Quad(q.subject, q.predicate, q.object, DefaultGraph()) for q in (*context, *quads))
    # What another file types is that file's to answer for, even where this one adds to it.
    own = {s.value for s in _subjects(quads)} - {s.value for s in _typed(context) - _typed(quads)}
    mark(store, own)
    report = FileReport(str(path), submission)
    missing, differs = _add_full_texts(store, sources)
    with_text = {shape for shape, about in shapes.about.items() if about["needs_text"]}
    if missing:
        elsewhere = {about["code"] for shape, about in shapes.about.items() if shape not in with_text}
        codes = sorted({shapes.about[shape]["code"] for shape in with_text} - elsewhere)
        report.unchecked = [{"code": code, "reason": f"source text not at hand: {', '.join(missing)}"} for code in codes]
    if not own & {node.value for node in _typed(quads)}:
        report.unchecked.append({"code": "all", "reason": "the file holds nothing that the shapes are about"})
    lines = _lines(path, own)
    results = [r for shape in shapes.compiled for r in shape.violations(store)]
    if shapes.uncompiled:
        results += [r for r in reference(store, shapes) if r.shape in shapes.uncompiled and r.focus in own]
    if differs:  # what is wrong then is the text: whatever else a check of its words finds only follows from that
        results = [r for r in results if r.shape not in with_text or _is_source_text(store, r.focus)]
    present = {(r.focus, r.shape) for r in results}
    kept = [r for r in results if not any((r.focus, cause) in present for cause in shapes.about.get(r.shape, {}).get("suppressed_by", ()))]
    findings = [_finding(result, shapes.about.get(result.shape, {}), lines) for result in kept]
    report.findings = sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), f.code, f.line or 0, f.focus, f.value or ""))
    return report


def _is_source_text(store: Store, node: str) -> bool:
    return Quad(NamedNode(node), NamedNode(expand("rdf:type")), NamedNode(expand("gcm:SourceText")), DefaultGraph()) in store


def _subjects(quads: Iterable[Quad]) -> set[NamedNode]:
    return {q.subject for q in quads if isinstance(q.subject, NamedNode)}


def _typed(quads: Iterable[Quad]) -> set[NamedNode]:
    return _subjects(q for q in quads if q.predicate.value == expand("rdf:type"))


def _finding(result: Result, about: dict[str, Any], lines: dict[str, int]) -> Finding:
    return Finding(
        code=about.get("code", "S00"),
        severity=result.severity,
        line=lines.get(result.focus),
        column=about.get("column"),
        focus=result.focus,
        path=result.path,
        value=result.value,
        messages=about.get("messages", {}),
        remedies=about.get("remedies", {}),
        shape=result.shape,
    )


def reference(store: Store, shapes: ShapesGraph) -> list[Result]:
    """Return what pySHACL, the reference implementation, finds in a store, on the nodes that are marked.

    For shapes that use more of SHACL than is compiled, and for holding the two against each other.
    """
    import pyshacl
    from rdflib import Graph
    from rdflib.namespace import SH

    graph = Graph().parse(data=shapes.turtle(), format="turtle")
    own = set(marked(store))
    # pySHACL takes whatever is no focus node for conforming, even as a value: so the values are focus nodes, too.
    values = {
        q.object.value for node in own for q in store.quads_for_pattern(NamedNode(node), None, None) if isinstance(q.object, NamedNode)
    }
    _, results, _ = pyshacl.validate(store, shacl_graph=graph, inference="none", focus_nodes=sorted(own | values))  # type: ignore[arg-type]
    found = []
    for node in results.subjects(SH.resultSeverity):
        if str(results.value(node, SH.focusNode)) not in own:
            continue
        value, path = results.value(node, SH.value), results.value(node, SH.resultPath)
        found.append(
            Result(
                shape=str(results.value(node, SH.sourceShape)),
                focus=str(results.value(node, SH.focusNode)),
                severity=str(results.value(node, SH.resultSeverity)).removeprefix(str(SH)).lower(),
                value=None if value is None else str(value),
                path=None if path is None else str(path),
            )
        )
    return found


def _add_full_texts(store: Store, sources: Sources) -> tuple[list[str], bool]:
    """Add to the store, for this run only, the texts at hand.

    Return the IRIs (without the base) of the source texts that aren't, and whether a text was added that isn't the one
    declared, byte for byte: a text named for the run that fits no declared checksum, where only one is missing.
    """
    declared = {}
    for quad in store.quads_for_pattern(None, NamedNode(expand("rdf:type")), NamedNode(expand("gcm:SourceText"))):
        checksum = next(store.quads_for_pattern(quad.subject, NamedNode(expand("gcm:sha256")), None), None)
        declared[quad.subject] = str(getattr(checksum.object, "value", "")) if checksum else ""
    found = {node: sources.get(checksum) for node, checksum in declared.items()}
    missing = [node for node, source in found.items() if source is None]
    differs = len(missing) == 1 and (other := sources.other_than(set(declared.values()))) is not None
    if differs:
        found[missing.pop()] = other
    full_text = NamedNode(expand("gcm:fullText"))
    store.extend(Quad(node, full_text, Literal(source.text), DefaultGraph()) for node, source in found.items() if source)
    return [str(getattr(node, "value", "")).removeprefix(ID) for node in missing], differs


def _quads_of(content: Content, folder: str) -> list[Quad]:
    return [q for file in content.files() if file.name.startswith(f"{folder}/") for q in parse_file(file)]


def _shipped_submission(content: Content, submission: str) -> list[Quad]:
    return [q for file in content.files() if file.name == f"instances/submissions/{submission}.ttl" for q in parse_file(file)]


def _is_submission(quad: Quad) -> bool:
    return quad.predicate == NamedNode(expand("rdf:type")) and quad.object == NamedNode(expand("gcm:Submission"))


def _submission_of(quads: list[Quad]) -> str | None:
    """Return the code of the submission that a file is about: the first segment that its subjects' IRIs share."""
    names = {m[1] for q in quads if isinstance(q.subject, NamedNode) and (m := re.match(rf"{re.escape(ID)}([^/]+)(/|$)", q.subject.value))}
    return names.pop() if len(names) == 1 else None


def _lines(path: Path, subjects: set[str]) -> dict[str, int]:
    """Return the line of a Turtle file on which the block of each subject begins, where it can be told."""
    if rdf_format(path.name) not in (RdfFormat.TURTLE, RdfFormat.TRIG, RdfFormat.N_TRIPLES, RdfFormat.N_QUADS):
        return {}
    prefixes: dict[str, str] = {}
    base = ""
    found: dict[str, int] = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if declared := re.match(r"\s*@?prefix\s+([\w.-]*):\s*<([^>]*)>", line, re.IGNORECASE):
            prefixes[declared[1]] = declared[2]
        elif declared := re.match(r"\s*@?base\s+<([^>]*)>", line, re.IGNORECASE):
            base = declared[1]
        elif subject := re.match(r"<([^>]*)>|([\w.-]*):([\w.%-]*)", line):
            iri = subject[1] if subject[1] is not None else prefixes.get(subject[2], "\0") + subject[3]
            found.setdefault(iri if "://" in iri else _resolve(base, iri), number)
    return {iri: number for iri, number in found.items() if iri in subjects}


def _resolve(base: str, relative: str) -> str:
    from urllib.parse import urljoin

    return urljoin(base, relative) if base else relative
