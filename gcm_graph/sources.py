"""Source texts: found by checksum, never part of the project; a passage is cut from them by code points."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pyoxigraph import Store

from gcm_graph.errors import Refusal
from gcm_graph.sparql import Rows, run

_LIMIT = 50_000_000  # bytes of a source text; the longest treaty has a few hundred thousand


@dataclass(frozen=True)
class SourceText:
    """A text at hand: where it lies, its words, and the SHA-256 of its bytes."""

    path: Path
    text: str
    sha256: str


def read_source(path: Path) -> SourceText:
    """Read a source text (UTF-8, line ends kept); raise Refusal if it can't be read or isn't text."""
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
        if len(data) > _LIMIT:
            raise Refusal(f"{path}: larger than {_LIMIT // 1_000_000} MB, too large for a source text.", "Give the text alone.")
        return SourceText(path, data.decode("utf-8"), sha256(data).hexdigest())
    except UnicodeDecodeError as error:
        raise Refusal(f"{path}: byte {error.start} isn't UTF-8.", "Give the text as it was annotated, in UTF-8.") from None
    except OSError as error:
        raise Refusal(f"{path}: can't be read: {error.strerror}.", "Check the path.") from None


class Sources:
    """The texts at hand: those added to a data directory, and files named for one run."""

    def __init__(self, data: Path | None, files: tuple[Path, ...] = ()) -> None:
        self._folder = data / "sources" if data else None
        self._named = {source.sha256: source for source in map(read_source, files)}
        self._texts = dict(self._named)

    def other_than(self, checksums: set[str]) -> SourceText | None:
        """Return the one text named for this run that has none of these checksums, if there is just one."""
        others = [source for checksum, source in self._named.items() if checksum not in checksums]
        return others[0] if len(others) == 1 else None

    def get(self, checksum: str) -> SourceText | None:
        """Return the text with that SHA-256, if it is at hand and unharmed."""
        if checksum not in self._texts and self._folder and (path := self._folder / f"{checksum}.txt").is_file():
            source = read_source(path)
            if source.sha256 == checksum:
                self._texts[checksum] = source
        return self._texts.get(checksum)

    def listed(self) -> list[SourceText]:
        """Return the texts of the data directory, those named for this run among them."""
        if self._folder and self._folder.is_dir():
            for path in sorted(self._folder.glob("*.txt")):
                self.get(path.stem)
        return list(self._texts.values())

    def add(self, path: Path) -> SourceText:
        """Copy a text into the data directory, whole or not at all, and return it."""
        if self._folder is None:
            raise Refusal("No data directory to add to.", "Give one with --data.")
        source = read_source(path)
        target = self._folder / f"{source.sha256}.txt"
        beside = target.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(path.read_bytes())
            beside.replace(target)
        except OSError as error:
            raise Refusal(f"{target} can't be written: {error.strerror}.", "Free some space or give another --data.") from None
        self._texts[source.sha256] = source
        return source

    def remove(self, checksum: str) -> SourceText:
        """Take a text out of the data directory; `checksum` may be shortened as long as it stays unique."""
        found = [s for s in self.listed() if s.sha256.startswith(checksum) and s.path.parent == self._folder]
        if len(found) != 1:
            raise Refusal(f"{len(found)} source texts begin with {checksum!r}.", "'gcm-graph source list' shows them.")
        found[0].path.unlink()
        return found[0]


def cited_by(store: Store, checksum: str) -> list[str]:
    """Return the codes of the submissions that were read in the text with that SHA-256."""
    rows = run(store, f'SELECT ?code {{ ?s skos:notation ?code ; gcm:hasSourceText/gcm:sha256 "{checksum}" }} ORDER BY ?code')
    assert isinstance(rows, Rows)
    return [row[0].value for row in rows.rows]  # type: ignore[union-attr]
