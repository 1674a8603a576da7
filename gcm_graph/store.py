"""The store: a cache of the files in Oxigraph, brought up to date file by file, never seen half-written.

A store directory holds `versions/<n>/` (an Oxigraph database each), `versions/<n>.json` (which file, by size,
modification time and SHA-256, went into it) and `current`, one line naming the version to read. A new version
starts as a hard-linked copy of the current one, takes in what changed, and becomes current by a rename. Nobody
writes to a published version; readers open it read-only.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse

from gcm_graph.content import Content, ContentFile
from gcm_graph.errors import Refusal

_FORMAT = 2  # of the manifest; another number means: fill anew
_KEPT = 2  # versions: the current one, and the one that a reader may just have opened

_DAMAGED = (OSError, RuntimeError)  # what the engine raises for a version that lacks files, or whose files are spoilt

Tell = Callable[[str], None]
Manifest = dict[str, dict[str, Any]]
Derive = Callable[[Content, Store, frozenset[str]], dict[str, list[Quad]]]


def open_store(content: Content, directory: Path, tell: Tell = lambda _: None, derive: Derive = lambda *_: {}) -> Store:
    """Return the store of `content` at `directory`, open for reading, first bringing it up to date if need be.

    `tell` is given a line when the store has to be filled; `derive` says which graphs follow from those that changed, and
    what they hold. Raises Refusal if the directory is something else,
    can't be written, or if a file can't be read as Turtle; the store is then as it was.
    """
    _check_directory(directory)
    files = content.inputs()
    for _ in range(3):  # a version may be replaced between reading `current` and opening it
        version = _current(directory)
        if version is None or _stale(_manifest(directory, version), files):
            version = _fill(content, directory, tell, derive)
        try:
            return Store.read_only(str(directory / "versions" / version))
        except _DAMAGED:
            if _current(directory) == version:  # damaged, not swept away by a writer: the files are the truth
                _forget(directory)
    raise Refusal(f"The store in {directory} can't be opened.", "Delete that directory; it is filled again.")


def remove_store(directory: Path) -> None:
    """Delete a store; the files stay, and it is filled from them when next opened. Refuses what isn't a store."""
    _check_directory(directory)
    if directory.exists():
        with _lock(directory, lambda _: None):
            (directory / "current").unlink(missing_ok=True)
            shutil.rmtree(directory / "versions", ignore_errors=True)


def default_directory(content: Content, cache: Path) -> Path:
    """Return the store directory below `cache` that belongs to this content and data directory."""
    key = sha256(f"{content.root}\n{content.data}".encode()).hexdigest()[:12]
    return cache / "stores" / key


def parse_file(file: ContentFile) -> list[Quad]:
    """Return the triples of a Turtle file as quads of its graph; raise Refusal with file and line if it isn't Turtle."""
    if file.path.suffix != ".ttl":
        return []  # a rule says what follows and states nothing itself
    graph = NamedNode(file.graph)
    data = _bytes(file)
    try:
        return [Quad(t.subject, t.predicate, t.object, graph) for t in parse(data, format=RdfFormat.TURTLE)]
    except SyntaxError as error:
        line = f"{file.path}:{error.lineno}" if error.lineno else str(file.path)
        raise Refusal(f"{line}: not Turtle: {error.msg}", "Correct that line.") from None


def _bytes(file: ContentFile) -> bytes:
    try:
        return file.path.read_bytes()
    except OSError as error:
        raise Refusal(f"{file.path}: can't be read: {error.strerror or error}", "Check the file and its permissions.") from None


def _check_directory(directory: Path) -> None:
    """Refuse a directory that holds something other than a store."""
    if not directory.exists():
        return
    if not directory.is_dir():
        raise Refusal(f"The store {directory} is a file, not a directory.", "Give another directory with --store.")
    try:
        names = {entry.name for entry in directory.iterdir()}
    except OSError as error:
        raise Refusal(f"The store {directory} can't be read: {error.strerror}.", "Give another directory with --store.") from None
    if names - {"current", "current.new", "lock", "versions"}:
        stranger = min(names - {"current", "current.new", "lock", "versions"})
        raise Refusal(
            f"The directory {directory} isn't a store: it holds {stranger!r}. It was left as it is.",
            "Give an empty or a new directory with --store.",
        )


def _current(directory: Path) -> str | None:
    try:
        version = (directory / "current").read_text().strip()
    except OSError:
        return None
    return version if version.isdecimal() and (directory / "versions" / version).is_dir() else None


def _sound(directory: Path, version: str | None) -> str | None:
    """Return the version if it opens: a damaged one is no ground to build on."""
    try:
        if version:
            Store.read_only(str(directory / "versions" / version))
        return version
    except _DAMAGED:
        return None


def _forget(directory: Path) -> None:
    """Take back what `current` says, so that the store is filled anew."""
    try:
        (directory / "current").unlink(missing_ok=True)
    except OSError as error:
        raise Refusal(f"The store in {directory} is damaged and can't be written: {error.strerror}.", "Give another --store.") from None


def _manifest(directory: Path, version: str) -> Manifest:
    try:
        manifest = json.loads((directory / "versions" / f"{version}.json").read_text("utf-8"))
        return dict(manifest["files"]) if manifest["format"] == _FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _stale(manifest: Manifest, files: list[ContentFile]) -> bool:
    """Whether some file isn't, by size and modification time, the one that the manifest lists."""
    return len(manifest) != len(files) or any(manifest.get(f.name, {}).get("stat") != _stat(f) for f in files)


def _stat(file: ContentFile) -> list[int]:
    try:
        stat = file.path.stat()
    except OSError as error:
        raise Refusal(f"{file.path}: can't be read: {error.strerror}", "Check the file and its permissions.") from None
    return [stat.st_size, stat.st_mtime_ns]


def _fill(content: Content, directory: Path, tell: Tell, derive: Derive) -> str:
    """Make a version that agrees with the files, publish it, and return its name."""
    try:
        (directory / "versions").mkdir(parents=True, exist_ok=True)
        with _lock(directory, tell):
            return _fill_locked(content, directory, tell, derive)
    except OSError as error:
        raise Refusal(
            f"The store in {directory} can't be written: {error.strerror or error}. What it held before still holds.",
            "Free some space or give a writable directory with --store.",
        ) from None


def _fill_locked(content: Content, directory: Path, tell: Tell, derive: Derive) -> str:
    files = content.inputs()
    old = _sound(directory, _current(directory))
    known = _manifest(directory, old) if old else {}
    if old and not _stale(known, files):
        return old  # somebody else has just filled it
    entries = {f.name: _entry(f, known.get(f.name)) for f in files}
    changed = _changed_graphs(known, entries)
    versions = directory / "versions"
    if old and not changed:  # only times differ
        _write(versions / f"{old}.json", json.dumps({"format": _FORMAT, "files": entries}))
        return old
    new = str(max((int(p.name) for p in versions.iterdir() if p.name.isdecimal()), default=0) + 1)
    for leftover in versions.iterdir():  # of a fill that was killed, or of versions long read
        number = leftover.name.partition(".")[0]
        if number.isdecimal() and number != old and (int(number) <= int(new) - _KEPT or int(number) > int(old or 0)):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink(missing_ok=True)
    quads = {graph: [q for f in files if f.graph == graph for q in parse_file(f)] for graph in changed}
    tell(f"{'Updating' if old else 'Filling'} the store in {directory} ({len(changed)} of {len({f.graph for f in files})} graphs) …")
    try:
        if old and known:
            Store.read_only(str(versions / old)).backup(str(versions / new))
        store = Store(str(versions / new))
        _replace(store, quads | {f"{graph}/inferred": [] for graph in changed})
        _replace(store, derive(content, store, frozenset(changed)))
        store.flush()
        del store
        _write(versions / f"{new}.json", json.dumps({"format": _FORMAT, "files": entries}))
        _write(directory / "current", f"{new}\n")
    except BaseException:
        shutil.rmtree(versions / new, ignore_errors=True)
        (versions / f"{new}.json").unlink(missing_ok=True)
        raise
    return new


def _replace(store: Store, graphs: dict[str, list[Quad]]) -> None:
    """Put statements in the place of what some graphs held; a bulk load costs the same for one graph as for many."""
    for graph in graphs:
        store.remove_graph(NamedNode(graph))
    store.bulk_extend(quad for quads in graphs.values() for quad in quads)


def _entry(file: ContentFile, known: dict[str, Any] | None) -> dict[str, Any]:
    """Return what the manifest says of a file, hashing it only if its size or time differ from what is known."""
    stat = _stat(file)
    if known and known["stat"] == stat:
        return known
    return {"stat": stat, "sha256": sha256(_bytes(file)).hexdigest(), "graph": file.graph}


def _changed_graphs(known: Manifest, entries: Manifest) -> set[str]:
    changed = set()
    for name in known.keys() | entries.keys():
        before, after = known.get(name), entries.get(name)
        if before is None or after is None or before["sha256"] != after["sha256"]:
            changed |= {entry["graph"] for entry in (before, after) if entry}
    return changed


def _write(path: Path, text: str) -> None:
    """Write a small file so that it is there whole or as it was: beside, to the disk, then renamed into place."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


@contextmanager
def _lock(directory: Path, tell: Tell) -> Iterator[None]:
    """Hold the one writer's lock of a store; the system frees it when its holder dies."""
    from filelock import FileLock, Timeout  # only a writer needs it

    lock = FileLock(directory / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        tell("Another gcm-graph is writing to the store; waiting for it …")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
