from pathlib import Path

import pytest

import gcm_graph.content
from gcm_graph.content import Content, shipped
from gcm_graph.errors import Refusal
from gcm_graph.vocabulary import BASE, ID


def _write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("", "utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "graph"),
    [
        ("ontology/norms.ttl", f"{BASE}/ontology"),
        ("shapes/provision.ttl", f"{BASE}/shapes"),
        ("instances/vocabulary/right.ttl", f"{ID}right"),
        ("instances/reference/compact-2018.ttl", f"{ID}compact-2018"),
        ("instances/submissions/y-2027.ttl", f"{ID}y-2027"),
        ("instances/interpretations/y-2027.ttl", f"{ID}y-2027/interpretation"),
        ("instances/alignments/y-2027.ttl", f"{ID}y-2027/alignment"),
    ],
)
def test_a_file_is_a_graph(tiny: Content, name: str, graph: str) -> None:
    path = _write(tiny.root / name)
    found = {file.name: file for file in tiny.files()}
    assert (found[name].path, found[name].graph) == (path, graph)
    assert found[name] in tiny.graphs()[graph]


def test_several_files_may_share_the_graph_of_the_ontology(tiny: Content) -> None:
    _write(tiny.root / "ontology/norms.ttl")
    assert [file.name for file in tiny.graphs()[f"{BASE}/ontology"]] == ["ontology/gcm.ttl", "ontology/norms.ttl"]


def test_only_turtle_in_known_folders_counts(tiny: Content) -> None:
    before = tiny.files()
    for name in ("instances/submissions/notes.txt", "instances/elsewhere/a.ttl", "queries/a.rq", "instances/submissions/deep/a.ttl"):
        _write(tiny.root / name)
    assert tiny.files() == before


def test_the_data_directory_lies_over_the_package_file_by_file(tiny: Content, tmp_path: Path) -> None:
    newer = _write(tmp_path / "data/submissions/x-2026.ttl")
    added = _write(tmp_path / "data/interpretations/x-2026.ttl")
    _write(tmp_path / "data/vocabulary/group.ttl")  # code lists aren't submitted
    found = {file.name: file.path for file in Content(tiny.root, tmp_path / "data").files()}
    assert found["instances/submissions/x-2026.ttl"] == newer
    assert found["instances/interpretations/x-2026.ttl"] == added
    assert found["instances/vocabulary/group.ttl"] == tiny.root / "instances/vocabulary/group.ttl"
    assert len(found) == 4


def test_a_data_directory_that_is_not_there_yet_adds_nothing(tmp_path: Path) -> None:
    assert shipped(tmp_path / "none") == shipped()


def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="is a file"):
        shipped(_write(tmp_path / "data"))


def test_a_package_without_content_says_that_it_is_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcm_graph.content, "__file__", str(tmp_path / "gcm_graph/content.py"))
    with pytest.raises(Refusal, match="No content") as refused:
        shipped()
    assert "install it again" in refused.value.remedy
