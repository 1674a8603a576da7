"""The command line: standard output is data, standard error is for people.

Exit status 0: done; 1: findings (a violation, an unsound check); 2: wrong use or unusable input.
Modules of the package are imported inside the commands, so that `--help` and completion start at once.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gcm_graph.errors import Refusal, near_misses
from gcm_graph.session import GRAPH_FORMATS, ROW_FORMATS, Session, common, output_format, print_bytes, print_rows, tell, write

if TYPE_CHECKING:
    pass


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="gcm-graph", message="%(prog)s %(version)s")
def cli() -> None:
    """Ask what documents on migration policy commit to, for whom, by whom, and where they say so.

    Example: gcm-graph ask provisions-protecting-a-group group=unaccompanied-migrant-children
    """


def _complete_question(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from gcm_graph.content import shipped
    from gcm_graph.questions import question_names

    return [name for name in question_names(shipped()) if name.startswith(incomplete)]


def _complete_value(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    from gcm_graph.questions import allowed, load

    try:
        session = Session(context.params.get("data"), context.params.get("store"), None)
        question = load(session.content, context.params["question"])
        name, equals, begun = incomplete.partition("=")
        if not equals:
            return [f"{p}=" for p in question.parameters if p.startswith(name)]
        return [f"{name}={code}" for code in allowed(session.store, question.parameters[name]) if code.startswith(begun)]
    except (Refusal, KeyError):
        return []


@cli.command()
@click.argument("name", required=False, shell_complete=_complete_question)
@common
def questions(session: Session, name: str | None) -> None:
    """List the questions, or one with its parameters and their allowed values.

    NAME may also be a parameter (group, right, bearer …): its values are listed.

    Example: gcm-graph questions provisions-on-a-right
    """
    from gcm_graph.questions import Parameter, allowed, load, question_names

    content, language = session.content, session.language
    if name is None:
        for each in question_names(content):
            question = load(content, each)
            click.echo(f"{each}\n    {question.summary[language]}")
            click.echo(f"    {' '.join(f'{p}=…' for p in question.parameters)}")
        return
    if name not in question_names(content):
        used = {p.name: p for each in question_names(content) for p in load(content, each).parameters.values()}
        if name not in used:
            hint = near_misses(name, [*question_names(content), *used])
            raise Refusal(f"There is no question or parameter {name!r}.", hint or "'gcm-graph questions' lists them.")
        _list_values(session, used[name])
        return
    question = load(content, name)
    click.echo(f"{question.summary[language]}\n\n{question.description[language]}\n")
    for parameter in question.parameters.values():
        default = ", ".join(parameter.default) or ("cualquiera" if language == "es" else "any")
        several = (" (varios)" if language == "es" else " (several)") if parameter.many else ""
        click.echo(f"{parameter.name}={default}{several}: {parameter.help[language]}")
        known = allowed(session.store, Parameter(**vars(parameter)))
        if len(known) <= 20:
            click.echo(f"    {', '.join(known)}")
        else:
            more = f"'gcm-graph questions {parameter.name}'"
            click.echo(f"    {len(known)} {'valores' if language == 'es' else 'values'}: {more}")


def _list_values(session: Session, parameter: Any) -> None:
    from gcm_graph.questions import allowed

    for code in allowed(session.store, parameter).values():
        click.echo(f"{code.code}\t{code.labels.get(session.language, '')}" if code.labels else code.code)


@cli.command()
@click.argument("question", shell_complete=_complete_question)
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...", shell_complete=_complete_value)
@output_format(*ROW_FORMATS)
@common
def ask(session: Session, question: str, values: tuple[str, ...], form: str | None) -> None:
    """Answer a question of the library.

    Several values of a parameter are given by repetition or with commas; a value may be a code, an IRI or a
    label in English or Spanish.

    Example: gcm-graph ask provisions-protecting-a-group group=unaccompanied-migrant-children kind=all
    """
    from gcm_graph.questions import answer, load
    from gcm_graph.vocabulary import LANGUAGES

    asked = load(session.content, question)
    given: dict[str, list[str]] = {}
    for pair in values:
        name, equals, value = pair.partition("=")
        if not equals or not value.strip():
            raise Refusal(f"{pair!r} is not name=value.", f"Parameters of {question}: {', '.join(asked.parameters)}.")
        given.setdefault(name.strip(), []).append(value)
    if "lang" in asked.parameters:
        given.setdefault("lang", [session.language])
    spoken = given.get("lang", [""])[0].strip().casefold()
    language = spoken if spoken in LANGUAGES else session.language
    store = session.store
    rows = answer(store, asked, given)
    print_rows(session, store, rows, form, language, f"{asked.summary[language]}" + _conditions(asked, given))


def _conditions(asked: Any, given: dict[str, list[str]]) -> str:
    shown = []
    for name, parameter in asked.parameters.items():
        chosen = given.get(name) or list(parameter.default)
        if name != "lang" and chosen:
            shown.append(f"{name}={','.join(chosen)}")
    return f"  [{' '.join(shown)}]" if shown else ""


@cli.command()
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@output_format(*ROW_FORMATS, *GRAPH_FORMATS)
@click.option("--explain", is_flag=True, help="Say how long each step took and how much came back.")
@common
def query(session: Session, file: Any, form: str | None, explain: bool) -> None:
    """Run any read-only SPARQL 1.1 query from a FILE, or from standard input with -.

    The prefixes of the project are known. Updates and SERVICE are refused.

    Example: echo 'SELECT * { ?p a gcm:Commitment } LIMIT 3' | gcm-graph query -
    """
    import time

    from gcm_graph.formats import GRAPHS, write_graph
    from gcm_graph.sparql import Rows, check_read_only, run

    try:
        text = file.read()
    except UnicodeDecodeError as error:
        raise Refusal(f"{file.name}: byte {error.start} isn't UTF-8.", "Save the query as UTF-8.") from None
    check_read_only(text)
    begun = time.perf_counter()
    store = session.store
    opened = time.perf_counter()
    answer = run(store, text)
    done = time.perf_counter()
    if explain:
        size = len(answer.rows) if isinstance(answer, Rows) else 1 if isinstance(answer, bool) else len(answer)
        times = f"store {1000 * (opened - begun):.1f} ms, query {1000 * (done - opened):.1f} ms"
        tell(f"{times}, {size} results, {len(store)} statements in all")
    if isinstance(answer, bool):
        if form not in (None, "table", "csv", "tsv", "json"):
            raise Refusal(f"An ASK gives true or false, which {form} can't hold.", "Choose one of table, csv, tsv, json.")
        if form == "json":
            click.echo(f'{{"head": {{}}, "boolean": {str(answer).lower()}}}')
        else:
            click.echo(str(answer).lower())
    elif isinstance(answer, Rows):
        if form in GRAPHS:
            raise Refusal(f"A SELECT gives rows, which {form} can't hold.", f"Choose one of {', '.join(ROW_FORMATS)}.")
        print_rows(session, store, answer, form, session.language, None)
    else:
        if form is not None and form not in GRAPHS:
            raise Refusal(f"A CONSTRUCT or DESCRIBE gives a graph, which {form} can't hold.", f"Choose one of {', '.join(GRAPHS)}.")
        print_bytes(write_graph(answer, form or "ttl"))


@cli.command()
@click.argument("words", nargs=-1, required=True)
@output_format(*ROW_FORMATS)
@common
def search(session: Session, words: tuple[str, ...], form: str | None) -> None:
    """Find provisions by words of their statement or labels, in English or Spanish.

    Example: gcm-graph search niñez detención
    """
    from gcm_graph.provisions import search as find

    store = session.store
    print_rows(session, store, find(store, " ".join(words), session.language), form, session.language, None)


@cli.command()
@click.argument("thing")
@output_format("table", *GRAPH_FORMATS)
@common
def show(session: Session, thing: str, form: str | None) -> None:
    """Show one thing with all that is known of it: a provision, group, right, term, submission …

    THING is a code, a label, an IRI, a prefixed name, or a path such as guatemala-2017/III.5-b01.

    Example: gcm-graph show III.5-b01
    """
    from gcm_graph.formats import write_graph
    from gcm_graph.things import describe, find_thing

    store = session.store
    found = describe(store, find_thing(store, thing), session.language)
    if form is None:
        form = "table" if sys.stdout.isatty() else "ttl" if len(found.graphs) < 2 else "trig"
    if form == "table":
        from gcm_graph.terminal import console, show_description

        show_description(console(), session.content, found, session.language)
    else:
        print_bytes(write_graph(found.quads, form))


@cli.command()
@click.argument("provision")
@click.option("--style", type=click.Choice(["text", "bibtex", "csl", "ris"]), default="text", show_default=True)
@click.option("--source", "files", multiple=True, type=click.Path(path_type=Path), help="Source text to quote the passage from.")
@common
def cite(session: Session, provision: str, style: str, files: tuple[Path, ...]) -> None:
    """Cite a provision: section, pinpoint and position; with its words where the source text is at hand.

    Example: gcm-graph cite III.5-b01 --style bibtex
    """
    from gcm_graph.provisions import citation, cite, find_provision, passage

    store, sources = session.store, session.sources(files)
    cited = citation(store, find_provision(store, provision), session.language)
    words = passage(cited, sources)
    if files and words is None:
        wanted = f"It has the SHA-256 {cited.text_checksum}."
        raise Refusal(f"None of the given texts is the one that {cited.submission} was read in.", wanted)
    click.echo(cite(cited, style, words))


@cli.command()
@click.argument("provision")
@click.argument("target", metavar="GROUP|ROLE")
@click.option("--format", "form", type=click.Choice(["text", "json", *GRAPH_FORMATS]), help="How to write it (default: text).")
@common
def explain(session: Session, provision: str, target: str, form: str | None) -> None:
    """Explain why a provision bears on a group, or on States in a role, or why it doesn't.

    Every minimal chain of asserted statements is given as a sentence and as triples, with the axioms by which it
    follows. Exit status 1 if it doesn't follow.

    Example: gcm-graph explain IV.2-p01 unaccompanied-migrant-children
    """
    from gcm_graph.codes import codes, resolve
    from gcm_graph.explanation import Explainer, as_json, as_text, phrases
    from gcm_graph.formats import write_graph
    from gcm_graph.provisions import find_provision

    store = session.store
    iri = find_provision(store, provision)
    groups, roles = codes(store, "group"), codes(store, "role")
    meant = resolve(groups | roles, target, "group").iri
    explainer = Explainer(store, phrases(session.content), session.language)
    found = explainer.role(iri, meant) if meant in {code.iri for code in roles.values()} else explainer.group(iri, meant)
    if form in (None, "text"):
        click.echo(as_text(found, session.language))
    elif form == "json":
        click.echo(as_json(found))
    else:
        print_bytes(write_graph(found.quads(store), form))
    if not found.follows:
        raise SystemExit(1)


@cli.command()
@click.option("--submission", "submissions", multiple=True, help="Only what follows for this submission (several by repetition).")
@output_format("table", *GRAPH_FORMATS)
@common
def infer(session: Session, submissions: tuple[str, ...], form: str | None) -> None:
    """Show what follows from the ontology and isn't asserted: in a terminal counted by property, in a pipe as a graph.

    It is worked out whenever the store is filled and stands in graphs of its own.

    Example: gcm-graph infer --submission guatemala-2017 --format ttl
    """
    from gcm_graph.codes import codes, resolve
    from gcm_graph.formats import write_graph
    from gcm_graph.reasoning import inferred_quads, properties_inferred

    store = session.store
    known = codes(store, "submission")
    quads = inferred_quads(store, [resolve(known, name, "submission").iri for name in submissions])
    if form == "table" or (form is None and sys.stdout.isatty()):
        print_rows(session, store, properties_inferred(quads), "table", session.language, None)
    else:
        print_bytes(write_graph(quads, form or "trig"))


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", "texts", multiple=True, type=click.Path(path_type=Path), help="Source text, to check passages against.")
@click.option("--format", "form", type=click.Choice(["text", "json", "csv", "ttl", "github"]), default="text", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the report to this file.")
@common
def validate(session: Session, files: tuple[Path, ...], texts: tuple[Path, ...], form: str, out: Path | None) -> None:
    """Check submissions (Turtle, TriG, N-Triples, N-Quads, JSON-LD, RDF/XML) against the shapes.

    Exit status 1 if there is a violation; warnings and hints don't count.

    Example: gcm-graph validate my-submission.ttl --source my-text.txt
    """
    from gcm_graph.validation import REPORTS
    from gcm_graph.validation import validate as run

    reports = run(files, session.content, session.sources(texts))
    write(REPORTS[form](reports, session.language).encode(), out)
    if not all(report.conforms for report in reports):
        raise SystemExit(1)


@cli.command()
@click.argument("out", metavar="OUT|-")
@click.option("--table", "name", help="A table for spreadsheets, such as provisions; else the graph.")
@click.option("--submission", "submissions", multiple=True, help="Only this submission (several by repetition).")
@click.option("--inferred", is_flag=True, help="Add what follows: columns of a table, graphs of the graph.")
@output_format(*ROW_FORMATS[1:], *GRAPH_FORMATS)
@common
def export(session: Session, out: str, name: str | None, submissions: tuple[str, ...], inferred: bool, form: str | None) -> None:
    """Write the graph, or a table of it, to a file or (-) to standard output.

    The format follows the file's ending.

    Example: gcm-graph export --table provisions --submission guatemala-2017 provisions.xlsx
    """
    from pyoxigraph import NamedNode

    from gcm_graph.codes import codes, resolve
    from gcm_graph.formats import GRAPHS, ROWS, format_of, pick, write_graph
    from gcm_graph.tables import table

    store = session.store
    target = None if out == "-" else Path(out)
    if name:
        rows = table(store, session.content, name, submissions, inferred)
        chosen = pick(ROWS, form) if form else (format_of(ROWS, out) if target else ROWS["csv"])
        if chosen is None:
            raise Refusal(f"{out}: the ending doesn't say how to write a table.", f"End it in one of {', '.join(f'.{n}' for n in ROWS)}.")
        write(chosen.write(rows), target)
        return
    quads = [q for q in store if inferred or not str(getattr(q.graph_name, "value", "")).endswith("/inferred")]
    if submissions:
        known = codes(store, "submission")
        wanted = tuple(f"{resolve(known, s, 'submission').iri}/" for s in submissions)
        quads = [q for q in quads if isinstance(q.graph_name, NamedNode) and f"{q.graph_name.value}/".startswith(wanted)]
    found = pick(GRAPHS, form) if form else (format_of(GRAPHS, out) if target else GRAPHS["trig"])
    if found is None:
        raise Refusal(f"{out}: the ending doesn't say which RDF syntax.", f"End it in one of {', '.join(f'.{n}' for n in GRAPHS)}.")
    write(write_graph(quads, found.name), target)


@cli.group()
def source() -> None:
    """The source texts that this installation holds; the project itself ships none.

    Example: gcm-graph source add guatemala-gcm-2017.md
    """


@source.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@common
def source_add(session: Session, file: Path) -> None:
    """Add a source text, so that passages can be shown and checked.

    Example: gcm-graph source add guatemala-gcm-2017.md
    """
    from gcm_graph.sources import Sources, cited_by

    added = Sources(session.data).add(file)
    users = cited_by(session.store, added.sha256)
    click.echo(f"{added.sha256}\t{', '.join(users) or '-'}\t{len(added.text)}")
    if not users:
        tell("No submission was read in this text, byte for byte; it is kept all the same.")


@source.command("list")
@common
def source_list(session: Session) -> None:
    """List the source texts at hand: SHA-256, submissions read in it, length in code points.

    Example: gcm-graph source list
    """
    from gcm_graph.sources import Sources, cited_by

    store = session.store
    for text in Sources(session.data).listed():
        click.echo(f"{text.sha256}\t{', '.join(cited_by(store, text.sha256)) or '-'}\t{len(text.text)}")


@source.command("remove")
@click.argument("checksum")
@common
def source_remove(session: Session, checksum: str) -> None:
    """Remove a source text by its SHA-256 (or the beginning of it).

    Example: gcm-graph source remove 28cc593f
    """
    from gcm_graph.sources import Sources

    click.echo(Sources(session.data).remove(checksum).sha256)


@cli.command()
@click.option("--source", "texts", multiple=True, type=click.Path(path_type=Path), help="Source text, to check passages against.")
@click.option("--repair", is_flag=True, help="Throw the store away and fill it anew from the files.")
@common
def check(session: Session, texts: tuple[Path, ...], repair: bool) -> None:
    """Check that ontology, content, citations and shapes are sound. Exit status 1 if something isn't.

    Example: gcm-graph check --source guatemala-gcm-2017.md
    """
    from gcm_graph.soundness import check as run
    from gcm_graph.store import remove_store

    if repair:
        remove_store(session.store_path)
    store = session.store
    sound = True
    for looked_at in run(session.content, session.sources(texts)):
        sound &= not looked_at.problems
        click.echo(f"{'✗' if looked_at.problems else '✓'} {looked_at.name}")
        for problem in looked_at.problems[:50]:
            click.echo(f"    {problem}")
        for reason in looked_at.unchecked:
            click.echo(f"    not checked: {reason}")
    click.echo(f"✓ store: {len(store)} statements")
    if not sound:
        raise SystemExit(1)


def main() -> None:
    """Run the command line; every refusal is a sentence on standard error and exit status 2."""
    if sys.stdout is None:
        _fail("standard output is closed.")
    if sys.stdin is None:
        sys.stdin = Path(os.devnull).open()  # noqa: SIM115 (as long as the program runs)
    stdout = sys.stdout
    try:
        cli.main(standalone_mode=False)
    except Refusal as refusal:
        _fail(str(refusal))
    except click.exceptions.Exit as stop:
        raise SystemExit(stop.exit_code) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(2) from None
    except (click.Abort, KeyboardInterrupt):
        raise SystemExit(130) from None
    except SystemExit as stop:
        if sys.stdout is not stdout:  # click met a broken pipe and silenced the streams: whoever read has read enough
            raise SystemExit(0) from None
        raise stop
    except OSError as error:
        _fail(f"{error.filename or 'standard output'}: {error.strerror or error}")


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(2)
