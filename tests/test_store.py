import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import NamedNode, Quad, Store

import gcm_graph.store
from gcm_graph.content import Content, ContentFile, shipped
from gcm_graph.errors import Refusal
from gcm_graph.store import default_directory, open_store, remove_store
from gcm_graph.vocabulary import BASE, ID

GROUP, SUBMISSION = f"{ID}group", f"{ID}x-2026"
SEED = 20171009


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "store"


def _versions(directory: Path) -> list[str]:
    return sorted(path.name for path in (directory / "versions").iterdir() if path.is_dir())


def _current(directory: Path) -> str:
    return (directory / "current").read_text().strip()


def _size(store: Store, graph: str) -> int:
    return len(list(store.quads_for_pattern(None, None, None, NamedNode(graph))))


def _add_triple(content: Content, name: str = "instances/submissions/x-2026.ttl", subject: str = "urn:new") -> None:
    path = content.root / name
    path.write_text(f"{path.read_text('utf-8')}<{subject}> <urn:p> <urn:o> .\n", "utf-8")


def _clean_size(content: Content, tmp_path: Path) -> int:
    return len(open_store(content, tmp_path / "clean"))


def _python(code: str, *arguments: object, check: bool = False) -> "subprocess.CompletedProcess[str]":
    run = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.run(run, capture_output=True, text=True, check=check)


def test_each_file_lands_in_its_own_graph(tiny: Content, directory: Path) -> None:
    store = open_store(tiny, directory)
    assert {graph: _size(store, graph) for graph in (f"{BASE}/ontology", GROUP, SUBMISSION)} == {
        f"{BASE}/ontology": 1,
        GROUP: 3,
        SUBMISSION: 2,
    }
    assert len(store) == 6


def test_it_is_filled_once_and_said_once(tiny: Content, directory: Path) -> None:
    told: list[str] = []
    for _ in range(3):
        open_store(tiny, directory, told.append)
    assert _versions(directory) == ["1"]
    assert len(told) == 1 and told[0].startswith("Filling") and "3 of 3 graphs" in told[0]


def test_a_file_whose_time_alone_changes_makes_no_new_version(tiny: Content, directory: Path) -> None:
    told: list[str] = []
    open_store(tiny, directory)
    os.utime(tiny.root / "ontology/gcm.ttl", ns=(1, 1))
    for _ in range(2):
        open_store(tiny, directory, told.append)
    assert (_versions(directory), told) == (["1"], [])


def test_a_changed_file_updates_its_graph_and_leaves_the_rest(tiny: Content, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(tiny, directory)
    _add_triple(tiny)
    parsed: list[str] = []
    parse = gcm_graph.store.parse_file

    def parse_and_say(file: ContentFile) -> list[Quad]:
        parsed.append(file.name)
        return parse(file)

    monkeypatch.setattr(gcm_graph.store, "parse_file", parse_and_say)
    told: list[str] = []
    store = open_store(tiny, directory, told.append)
    assert (_size(store, SUBMISSION), _size(store, GROUP), len(store)) == (3, 3, 7)
    assert parsed == ["instances/submissions/x-2026.ttl"]
    assert told[0].startswith("Updating") and "1 of 3 graphs" in told[0]


def test_a_change_in_one_of_two_files_of_a_graph_keeps_the_other(tiny: Content, directory: Path) -> None:
    (tiny.root / "ontology/norms.ttl").write_text("<urn:a> <urn:b> <urn:c> .\n")
    open_store(tiny, directory)
    _add_triple(tiny, "ontology/norms.ttl")
    assert _size(open_store(tiny, directory), f"{BASE}/ontology") == 3


def test_a_removed_file_takes_its_graph_with_it(tiny: Content, directory: Path) -> None:
    open_store(tiny, directory)
    (tiny.root / "instances/submissions/x-2026.ttl").unlink()
    store = open_store(tiny, directory)
    assert (_size(store, SUBMISSION), len(store)) == (0, 4)


def test_what_follows_is_made_anew_with_what_changed(tiny: Content, directory: Path) -> None:
    asked: list[frozenset[str]] = []

    def derive(_content: Content, store: Store, changed: frozenset[str]) -> dict[str, Any]:
        asked.append(changed)
        return {}

    open_store(tiny, directory, derive=derive)
    _add_triple(tiny)
    open_store(tiny, directory, derive=derive)
    open_store(tiny, directory, derive=derive)
    assert asked == [frozenset({f"{BASE}/ontology", GROUP, SUBMISSION}), frozenset({SUBMISSION})]


@pytest.mark.parametrize(("text", "line"), [("<urn:a> <urn:b> .\n", 1), ("<urn:a> <urn:b> <urn:c> .\n\n<urn:a> nonsense\n", 3)])
def test_broken_turtle_is_refused_with_its_line_and_the_old_version_holds(tiny: Content, directory: Path, text: str, line: int) -> None:
    open_store(tiny, directory)
    path = tiny.root / "instances/submissions/x-2026.ttl"
    whole = path.read_text()
    path.write_text(text)
    with pytest.raises(Refusal) as refused:
        open_store(tiny, directory)
    assert f"{path}:{line}: not Turtle" in refused.value.message
    assert (_versions(directory), _current(directory)) == (["1"], "1")
    path.write_text(whole)
    assert len(open_store(tiny, directory)) == 6


def test_a_file_that_can_not_be_read_is_named(tiny: Content, directory: Path) -> None:
    (tiny.root / "instances/submissions/folder.ttl").mkdir()
    with pytest.raises(Refusal, match=r"folder\.ttl: can't be read"):
        open_store(tiny, directory)


@pytest.mark.parametrize("entry", ["notes.txt", "photos", ".hidden"])
def test_a_directory_that_is_something_else_is_refused_and_untouched(tiny: Content, directory: Path, entry: str) -> None:
    directory.mkdir()
    (directory / entry).write_text("mine")
    for use in (lambda: open_store(tiny, directory), lambda: remove_store(directory)):
        with pytest.raises(Refusal, match="isn't a store"):
            use()
    assert [path.name for path in directory.iterdir()] == [entry]
    assert (directory / entry).read_text() == "mine"


def test_a_file_in_the_place_of_the_store_is_refused_and_untouched(tiny: Content, directory: Path) -> None:
    directory.write_text("mine")
    with pytest.raises(Refusal, match="is a file"):
        open_store(tiny, directory)
    assert directory.read_text() == "mine"


def test_a_directory_that_can_not_be_listed_is_refused(tiny: Content, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory.mkdir()

    def denied(_path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(Refusal, match="can't be read: Permission denied"):
        open_store(tiny, directory)


def _truncate_current(version: Path) -> None:
    (version / "CURRENT").write_bytes(b"")


def _drop_tables(version: Path) -> None:
    tables = list(version.glob("*.sst"))
    assert tables
    for table in tables:
        table.unlink()


def _drop_manifest(version: Path) -> None:
    version.with_suffix(".json").unlink()


def _spoil_manifest(version: Path) -> None:
    version.with_suffix(".json").write_text('{"format": 2, "files": {"ontology/gcm.ttl": 1}')


def _point_nowhere(version: Path) -> None:
    (version.parent.parent / "current").write_text("77\n")


def _point_at_nonsense(version: Path) -> None:
    (version.parent.parent / "current").write_text("../../etc\n")


@pytest.mark.parametrize(
    "damage", [_truncate_current, _drop_tables, shutil.rmtree, _drop_manifest, _spoil_manifest, _point_nowhere, _point_at_nonsense]
)
def test_a_damaged_store_is_filled_anew(tiny: Content, directory: Path, damage: Any) -> None:
    open_store(tiny, directory)
    damage(directory / "versions/1")
    told: list[str] = []
    assert len(open_store(tiny, directory, told.append)) == 6
    assert len(told) == 1
    assert len(open_store(tiny, directory, told.append)) == 6
    assert len(told) == 1


@pytest.mark.parametrize("damage", [_truncate_current, _drop_tables])
def test_a_damaged_version_is_not_built_upon(tiny: Content, directory: Path, damage: Any) -> None:
    open_store(tiny, directory)
    damage(directory / "versions/1")
    _add_triple(tiny)
    assert len(open_store(tiny, directory)) == 7


def test_what_a_killed_fill_left_is_swept_by_the_next(tiny: Content, directory: Path) -> None:
    open_store(tiny, directory)
    (directory / "versions/2").mkdir()
    (directory / "versions/2/CURRENT").write_text("half")
    for name in ("2.json", "2.json.new"):
        (directory / "versions" / name).write_text("{")
    _add_triple(tiny)
    assert len(open_store(tiny, directory)) == 7
    left = {path.name.partition(".")[0] for path in (directory / "versions").iterdir()}
    assert left == {"1", _current(directory)}


def test_only_the_last_two_versions_are_kept(tiny: Content, directory: Path) -> None:
    for number in range(5):
        _add_triple(tiny, subject=f"urn:{number}")
        open_store(tiny, directory)
    assert _versions(directory) == ["4", "5"]
    assert sorted(path.name for path in (directory / "versions").glob("*.json")) == ["4.json", "5.json"]


def test_a_reader_keeps_its_version_while_newer_ones_are_published(tiny: Content, directory: Path) -> None:
    reader = open_store(tiny, directory)
    for number in range(4):
        _add_triple(tiny, subject=f"urn:{number}")
        open_store(tiny, directory)
    assert not (directory / "versions/1").exists()
    assert len(list(reader)) == 6
    assert len(list(open_store(tiny, directory))) == 10


def test_two_processes_that_fill_at_once_agree(directory: Path) -> None:
    code = "import sys; from pathlib import Path; from gcm_graph.content import shipped; from gcm_graph.store import open_store\n"
    code += "print(len(open_store(shipped(), Path(sys.argv[1]), lambda line: print(line, file=sys.stderr))))"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(directory)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate() for process in started]
    assert [process.returncode for process in started] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert sum("Filling" in told for _, told in answers) == 1


KILL = """
    import os, signal, sys
    from pathlib import Path
    import gcm_graph.store
    from gcm_graph.content import Content

    root, directory, at = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    passed = 0

    def trace(frame, event, argument):
        global passed
        if frame.f_code.co_filename != gcm_graph.store.__file__:
            return None
        if event == "line":
            passed += 1
            if passed == at:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    gcm_graph.store.open_store(Content(root), directory)
    sys.settrace(None)
    print(passed)
"""


@pytest.mark.parametrize("updating", [False, True], ids=["first fill", "update"])
def test_a_kill_at_any_line_leaves_a_store_that_the_next_run_puts_right(tiny: Content, tmp_path: Path, updating: bool) -> None:
    before = tmp_path / "before"
    if updating:
        open_store(tiny, before)
        _add_triple(tiny)
    right = _clean_size(tiny, tmp_path)

    def start(name: str, at: int) -> "subprocess.CompletedProcess[str]":
        if updating:
            shutil.copytree(before, tmp_path / name)
        return _python(KILL, tiny.root, tmp_path / name, at)

    lines = int(start("whole", 0).stdout)
    for at in sorted(random.Random(SEED).sample(range(1, lines + 1), 8)):
        assert start(f"killed-{at}", at).returncode == -signal.SIGKILL, at
        assert len(open_store(tiny, tmp_path / f"killed-{at}")) == right, at
        assert len(list(open_store(tiny, tmp_path / f"killed-{at}"))) == right, at


FULL = """
    import resource, sys
    from pathlib import Path
    from gcm_graph.content import Content
    from gcm_graph.errors import Refusal
    from gcm_graph.store import open_store

    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
    try:
        open_store(Content(Path(sys.argv[1])), Path(sys.argv[2]))
    except Refusal as refusal:
        print(refusal.message)
"""


@pytest.mark.parametrize("limit", [0, 100, 1000])
def test_a_full_disk_is_refused_and_the_old_version_still_serves(tiny: Content, directory: Path, limit: int) -> None:
    path = tiny.root / "instances/submissions/x-2026.ttl"
    open_store(tiny, directory)
    whole = path.read_text()
    path.write_text("".join(f"<urn:{n}> <urn:p> 'a long sentence, number {n}' .\n" for n in range(2000)))
    done = _python(FULL, tiny.root, directory, limit, check=True)
    assert "can't be written" in done.stdout and "What it held before still holds" in done.stdout, done
    assert _current(directory) == "1"
    path.write_text(whole)
    assert len(list(open_store(tiny, directory))) == 6


@pytest.mark.parametrize("step", ["_write", "_replace"])
def test_a_disk_that_is_full_at_any_step_leaves_no_half_version(
    tiny: Content, directory: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    open_store(tiny, directory)
    _add_triple(tiny)

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(gcm_graph.store, step, full)
        with pytest.raises(Refusal, match="No space left on device"):
            open_store(tiny, directory)
    assert (_versions(directory), _current(directory)) == (["1"], "1")
    assert len(open_store(tiny, directory)) == 7


def test_a_directory_that_can_not_be_written_is_refused_but_read_while_nothing_changes(
    tiny: Content, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(tiny, directory)

    def denied(*_arguments: object, **_options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", denied)
    assert len(open_store(tiny, directory)) == 6
    _add_triple(tiny)
    with pytest.raises(Refusal, match="can't be written: Permission denied") as refused:
        open_store(tiny, directory)
    assert "--store" in refused.value.remedy


def test_a_removed_store_is_filled_again(tiny: Content, directory: Path) -> None:
    open_store(tiny, directory)
    remove_store(directory)
    assert not (directory / "current").exists()
    assert len(open_store(tiny, directory)) == 6


def test_removing_a_store_that_is_not_there_does_nothing(directory: Path) -> None:
    remove_store(directory)
    assert not directory.exists()


def test_each_content_and_data_directory_has_a_store_of_its_own(tiny: Content, tmp_path: Path) -> None:
    contents = (tiny, Content(tiny.root, tmp_path / "a"), Content(tiny.root, tmp_path / "b"), shipped())
    assert len({default_directory(content, tmp_path) for content in contents}) == 4
