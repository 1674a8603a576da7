"""SHACL validation of submissions: each finding with its code, place, message and remedy in both languages.

The shapes are data. pySHACL runs them over an Oxigraph store that holds the file, raw and without inference,
beside the vocabularies, the reference files and the ontology; findings count only on what the file itself says.
"""

import csv
import io
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store, parse

from gcm_graph.content import Content
from gcm_graph.errors import Refusal
from gcm_graph.formats import GRAPHS, rdf_format
from gcm_graph.sources import Sources
from gcm_graph.store import parse_file
from gcm_graph.vocabulary import ID, PREFIXES, expand

if TYPE_CHECKING:
    from rdflib import Graph

SEVERITIES = ("violation", "warning", "info")
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
    shapes = _graph_of(content, "shapes")
    shared = [q for folder in ("ontology", "instances/vocabulary", "instances/reference") for q in _quads_of(content, folder)]
    about = _about_shapes(shapes)
    reports = []
    for path, quads in given.items():
        submission = _submission_of(quads)
        twins = [q for other, others in given.items() if other != path and _submission_of(others) == submission for q in others]
        if submission and not any(_is_submission(q) for q in (*quads, *twins)):
            twins += _shipped_submission(content, submission)
        reports.append(_validate_one(path, quads, submission, [*shared, *twins], shapes, about, sources))
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
            lines.append(f"\n  {code} {SEVERITIES[severity]}: {message}")
            if remedy := findings[0].row(language)["remedy"]:
                lines.append(f"     → {remedy}")
            for finding in findings[:20]:
                at = f"{'línea' if spanish else 'line'} {finding.line}: " if finding.line else ""
                value = f" — {finding.value!r}" if finding.value and finding.value != finding.focus else ""
                lines.append(f"     {at}{finding.focus.removeprefix(ID)}{value}")
            if len(findings) > 20:
                lines.append(f"     … {len(findings) - 20} {'más' if spanish else 'more'}")
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
    path: Path,
    quads: list[Quad],
    submission: str | None,
    context: list[Quad],
    shapes: "Graph",
    about: dict[str, dict[str, Any]],
    sources: Sources,
) -> FileReport:
    store = Store()
    store.bulk_extend(Quad(q.subject, q.predicate, q.object, DefaultGraph()) for q in (*context, *quads))
    report = FileReport(str(path), submission)
    if missing := _add_full_texts(store, sources):
        codes = sorted({a["code"] for a in about.values() if a["needs_text"]})
        report.unchecked = [{"code": code, "reason": f"source text not at hand: {', '.join(missing)}"} for code in codes]
    own = {q.subject.value for q in quads if isinstance(q.subject, NamedNode)}
    lines = _lines(path, own)
    found = [f for f in _run(store, shapes, about, lines) if f.focus in own]
    present = {(f.focus, f.shape) for f in found}
    kept = [f for f in found if not any((f.focus, cause) in present for cause in about.get(f.shape, {}).get("suppressed_by", ()))]
    report.findings = sorted(kept, key=lambda f: (SEVERITIES.index(f.severity), f.code, f.line or 0, f.focus, f.value or ""))
    return report


def _run(store: Store, shapes: "Graph", about: dict[str, dict[str, Any]], lines: dict[str, int]) -> Iterable[Finding]:
    import pyshacl
    from rdflib import URIRef
    from rdflib.namespace import RDF, SH

    # Given a pyoxigraph store, pySHACL 0.40 is some ten times faster than on an rdflib graph; its types don't say that it takes one.
    _, results, _ = pyshacl.validate(store, shacl_graph=shapes, inference="none", advanced=False, allow_warnings=True)  # type: ignore[arg-type]
    for node in results.subjects(RDF.type, SH.ValidationResult):
        constraint = results.value(node, SH.sourceConstraint)
        shape = constraint if isinstance(constraint, URIRef) else results.value(node, SH.sourceShape)
        known = about.get(str(shape), {})
        focus, value, at = (results.value(node, p) for p in (SH.focusNode, SH.value, SH.resultPath))
        yield Finding(
            code=known.get("code", "S00"),
            severity=str(results.value(node, SH.resultSeverity)).removeprefix(_SH).lower(),
            line=lines.get(str(focus)),
            column=known.get("column"),
            focus=str(focus),
            path=str(at) if at is not None else None,
            value=str(value) if value is not None else None,
            messages=known.get("messages", {}),
            remedies=known.get("remedies", {}),
            shape=str(shape),
        )


def _about_shapes(shapes: "Graph") -> dict[str, dict[str, Any]]:
    """Return what each shape says of itself, by its IRI."""
    from rdflib import Namespace, URIRef
    from rdflib.namespace import SH

    gcm = Namespace(PREFIXES["gcm"])
    about = {}
    for shape in set(shapes.subjects(gcm.code)):
        if isinstance(shape, URIRef):
            about[str(shape)] = {
                "code": str(shapes.value(shape, gcm.code)),
                "column": str(c) if (c := shapes.value(shape, gcm.column)) else None,
                "needs_text": bool(shapes.value(shape, gcm.needsText)),
                "suppressed_by": {str(o) for o in shapes.objects(shape, gcm.suppressedBy)},
                "messages": {getattr(o, "language", None) or "en": str(o) for o in shapes.objects(shape, SH.message)},
                "remedies": {getattr(o, "language", None) or "en": str(o) for o in shapes.objects(shape, gcm.remedy)},
            }
    return about


def _add_full_texts(store: Store, sources: Sources) -> list[str]:
    """Add to the store, for this run only, the texts at hand; return the titles or IRIs of those that aren't."""
    missing = []
    for quad in list(store.quads_for_pattern(None, NamedNode(expand("rdf:type")), NamedNode(expand("gcm:SourceText")))):
        checksum = next(store.quads_for_pattern(quad.subject, NamedNode(expand("gcm:sha256")), None), None)
        source = sources.get(str(getattr(checksum.object, "value", ""))) if checksum else None
        if source:
            store.add(Quad(quad.subject, NamedNode(expand("gcm:fullText")), Literal(source.text), DefaultGraph()))
        else:
            missing.append(str(getattr(quad.subject, "value", "")).removeprefix(ID))
    return missing


def _graph_of(content: Content, folder: str) -> "Graph":
    from rdflib import Graph

    graph = Graph()
    for path in sorted((content.root / folder).glob("*.ttl")):
        graph.parse(path, format="turtle")
    return graph


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
