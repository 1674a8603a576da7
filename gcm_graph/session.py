"""One run of the command line: what its common options come to, and where answers go.

Standard output is data, standard error is for people. Modules of the package are imported where they are needed, so
that `--help` and completion start at once.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gcm_graph.errors import Refusal

if TYPE_CHECKING:
    from pyoxigraph import Store

    from gcm_graph.content import Content
    from gcm_graph.sources import Sources
    from gcm_graph.sparql import Rows

F = TypeVar("F", bound=Callable[..., Any])


class Session:
    """What the common options come to: content, store, sources and language, each made when first asked for."""

    def __init__(self, data: Path | None, store: str | None, lang: str | None) -> None:
        self._data = data
        self._directory = store
        self.language = lang or _terminal_language()

    @property
    def data(self) -> Path:
        """The data directory, whether it exists or not."""
        from platformdirs import user_data_path

        return self._data or user_data_path("gcm-graph")

    @property
    def content(self) -> "Content":
        """The package's files with the data directory laid over them."""
        from gcm_graph.content import shipped

        if self._data is not None and not self._data.exists():
            raise Refusal(f"There is no data directory {self._data}.", "Make it, or leave out --data.")
        return shipped(self.data)

    @property
    def store_path(self) -> Path:
        """The store's directory; raises Refusal for the URL of a service."""
        from gcm_graph.store import default_directory

        if self._directory and "://" in self._directory:
            raise Refusal("A SPARQL service as store isn't supported by this version.", "Give a directory with --store.")
        if self._directory:
            return Path(self._directory)
        from platformdirs import user_cache_path

        return default_directory(self.content, user_cache_path("gcm-graph"))

    @property
    def store(self) -> "Store":
        """The store, open for reading and up to date with the files."""
        from gcm_graph.reasoning import open_graph

        return open_graph(self.content, self.store_path, tell)

    def sources(self, files: tuple[Path, ...] = ()) -> "Sources":
        """The source texts at hand: those of the data directory and the given files."""
        from gcm_graph.sources import Sources

        return Sources(self.data, files)


def common(function: F) -> F:
    """Give a command the options that all share, as one Session."""

    def wrapped(data: Path | None, store: str | None, lang: str | None, **rest: Any) -> Any:
        return function(Session(data, store, lang), **rest)

    wrapped.__doc__ = function.__doc__
    wrapped.__name__ = function.__name__
    for option in (
        click.option("--lang", type=click.Choice(["en", "es"]), help="Language of the answer (default: the terminal's, else en)."),
        click.option("--store", envvar="GCM_GRAPH_STORE", metavar="DIR", help="Directory of the store (default: in the user's cache)."),
        click.option(
            "--data", envvar="GCM_GRAPH_DATA", type=click.Path(path_type=Path), metavar="DIR",
            help="Directory of what was added (default: in the user's data).",
        ),
    ):  # fmt: skip
        wrapped = option(wrapped)
    return wrapped  # type: ignore[return-value]


def output_format(*names: str) -> Callable[[F], F]:
    """Give a command `--format` with these names."""
    return click.option("--format", "form", type=click.Choice(names), help="How to write the answer (default: by where it goes).")


ROW_FORMATS = ("table", "csv", "tsv", "json", "xlsx")
GRAPH_FORMATS = ("ttl", "jsonld", "nt", "nq", "trig", "rdf")


def tell(line: str) -> None:
    """Say a line to whoever sits there."""
    click.echo(line, err=True)


def print_rows(session: Session, store: "Store", rows: "Rows", form: str | None, language: str, heading: str | None) -> None:
    """Print rows as asked; for people with the standing line of what they come from above them."""
    if form is None:
        form = "table" if sys.stdout.isatty() else "csv"
    from gcm_graph.terminal import console, show_rows, standing_lines

    standing = standing_lines(store, _submissions(rows), language) if heading else []
    if form != "table":
        from gcm_graph.formats import ROWS

        print_bytes(ROWS[form].write(rows))
        for line in [*([heading] if heading else []), *standing]:
            tell(line)
        return
    out = console()
    if heading:
        out.print(heading, style="bold", markup=False)
        for line in standing:
            out.print(line, style="italic", markup=False)
    show_rows(out, store, session.content, rows, language)


def _submissions(rows: "Rows") -> set[str]:
    if "submission" not in rows.variables:
        return set()
    column = rows.variables.index("submission")
    return {str(getattr(row[column], "value", "")) for row in rows.rows}


def print_bytes(data: bytes) -> None:
    """Put data on standard output."""
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def write(data: bytes, target: Path | None) -> None:
    """Write to a file, whole or not at all, or to standard output."""
    if target is None:
        print_bytes(data)
        return
    real = target.resolve()  # a link stays, and what it names is written
    beside = real.with_name(f".{real.name}.new")
    try:
        if real.exists() and not real.is_file():  # a device or a pipe; a directory refuses
            real.write_bytes(data)
            return
        beside.write_bytes(data)
        beside.replace(real)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise Refusal(f"{target} can't be written: {error.strerror}.", "Give another file.") from None


def _terminal_language() -> str:
    if not sys.stdout.isatty():
        return "en"
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "es" if locale.casefold().startswith("es") else "en"
