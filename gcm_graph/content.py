"""The files that are the truth: where they lie, and which named graph each one is.

Content comes with the package (or stands beside it in a checkout); a data directory, where submissions are
added, is laid over it file by file.
"""

from dataclasses import dataclass
from pathlib import Path

from gcm_graph.errors import Refusal
from gcm_graph.vocabulary import BASE, ID

# Folder → the graph of a file in it, with the file's stem filled in.
GRAPHS = {
    "ontology": f"{BASE}/ontology",
    "shapes": f"{BASE}/shapes",
    "instances/vocabulary": f"{ID}{{}}",
    "instances/reference": f"{ID}{{}}",
    "instances/submissions": f"{ID}{{}}",
    "instances/interpretations": f"{ID}{{}}/interpretation",
    "instances/alignments": f"{ID}{{}}/alignment",
}
RULES = f"{BASE}/rules"  # holds no statements; what changes with a rule is what follows
SUBMITTED = ("submissions", "interpretations", "alignments")


@dataclass(frozen=True)
class ContentFile:
    """One Turtle file: its path, its name within the content, and the IRI of its named graph."""

    path: Path
    name: str
    graph: str


@dataclass(frozen=True)
class Content:
    """The package's files with those of a data directory laid over them.

    `root` holds `ontology/`, `instances/`, `shapes/` and `queries/`; `data`, if given, holds `submissions/`,
    `interpretations/`, `alignments/` and `sources/`.
    """

    root: Path
    data: Path | None = None

    def files(self) -> list[ContentFile]:
        """Return each Turtle file once, the data directory's in place of the package's of that name."""
        found: dict[str, ContentFile] = {}
        for folder, graph in GRAPHS.items():
            for path in sorted((self.root / folder).glob("*.ttl")):
                name = f"{folder}/{path.name}"
                found[name] = ContentFile(path, name, graph.format(path.stem))
        for kind in SUBMITTED if self.data else ():
            folder = f"instances/{kind}"
            for path in sorted((self.data / kind).glob("*.ttl")):  # type: ignore[operator]
                name = f"{folder}/{path.name}"
                found[name] = ContentFile(path, name, GRAPHS[folder].format(path.stem))
        return list(found.values())

    def graphs(self) -> dict[str, list[ContentFile]]:
        """Return the files of each named graph, by the graph's IRI."""
        result: dict[str, list[ContentFile]] = {}
        for file in self.files():
            result.setdefault(file.graph, []).append(file)
        return result

    def inputs(self) -> list[ContentFile]:
        """Return all files that the store is made from: those with statements, then the rules that mint some."""
        rules = [ContentFile(path, f"queries/rules/{path.name}", RULES) for path in sorted(self.rules.glob("*.rq"))]
        return [*self.files(), *rules]

    @property
    def rules(self) -> Path:
        """The folder of the CONSTRUCT rules."""
        return self.queries / "rules"

    @property
    def queries(self) -> Path:
        """The folder of the questions."""
        return self.root / "queries"


def shipped(data: Path | None = None) -> Content:
    """Return the content that came with this package, with `data` (if it is a directory) laid over it."""
    if data is not None and data.exists() and not data.is_dir():
        raise Refusal(f"The data directory {data} is a file.", "Give a directory with --data, or none.")
    here = Path(__file__).resolve().parent
    root = here / "content" if (here / "content").is_dir() else here.parent
    if not (root / "ontology").is_dir():
        raise Refusal(f"No content found in {root}.", "The package is damaged: install it again.")
    return Content(root, data if data is not None and data.is_dir() else None)
