from hashlib import sha256
from pathlib import Path

import pytest
from pyoxigraph import Store

import gcm_graph.sources
from gcm_graph.errors import Refusal
from gcm_graph.sources import Sources, cited_by, read_source

TEXT = "La niñez migrante.\r\nSecond line: 𝄞.\n"
SUM = sha256(TEXT.encode()).hexdigest()


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "text.md"
    path.write_bytes(TEXT.encode())
    return path


def test_a_text_is_read_whole_with_its_line_ends_and_counted_in_code_points(text: Path) -> None:
    source = read_source(text)
    assert (source.text, source.sha256, len(source.text)) == (TEXT, SUM, 36)


@pytest.mark.parametrize(
    ("data", "what"), [(b"ni\xf1ez", "byte 2 isn't UTF-8"), (b"\xff\xfe", "byte 0 isn't UTF-8")], ids=["latin-1", "utf-16"]
)
def test_what_is_not_utf_8_is_refused_with_the_byte(tmp_path: Path, data: bytes, what: str) -> None:
    path = tmp_path / "text.md"
    path.write_bytes(data)
    with pytest.raises(Refusal, match=what):
        read_source(path)


@pytest.mark.parametrize("name", ["none.md", "."])
def test_what_can_not_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refusal, match="can't be read"):
        read_source(tmp_path / name)


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcm_graph.sources, "_LIMIT", 1000)
    with pytest.raises(Refusal, match="larger than"):
        read_source(Path("/dev/zero"))


def test_a_text_named_for_one_run_is_at_hand_but_not_kept(tmp_path: Path, text: Path) -> None:
    found = Sources(tmp_path / "data", (text,)).get(SUM)
    assert found is not None and found.text == TEXT
    assert Sources(tmp_path / "data").get(SUM) is None


def test_an_added_text_is_kept_byte_for_byte_until_removed(tmp_path: Path, text: Path) -> None:
    data = tmp_path / "data"
    Sources(data).add(text)
    Sources(data).add(text)
    text.unlink()
    assert [source.sha256 for source in Sources(data).listed()] == [SUM]
    assert (data / "sources" / f"{SUM}.txt").read_bytes() == TEXT.encode()
    assert Sources(data).remove(SUM[:6]).sha256 == SUM
    assert Sources(data).listed() == []
    assert list((data / "sources").iterdir()) == []


def test_a_kept_text_that_was_changed_is_no_longer_at_hand(tmp_path: Path, text: Path) -> None:
    Sources(tmp_path).add(text)
    (tmp_path / "sources" / f"{SUM}.txt").write_text("changed")
    assert Sources(tmp_path).get(SUM) is None
    assert Sources(tmp_path).listed() == []


@pytest.mark.parametrize("beginning", ["0" * 64, "not-a-sum"])
def test_removing_what_is_not_kept_is_refused(tmp_path: Path, text: Path, beginning: str) -> None:
    Sources(tmp_path).add(text)
    with pytest.raises(Refusal, match="0 source texts begin with"):
        Sources(tmp_path).remove(beginning)


def test_removing_is_refused_where_the_beginning_is_not_enough(tmp_path: Path, text: Path) -> None:
    Sources(tmp_path).add(text)
    text.write_text("another")
    Sources(tmp_path).add(text)
    with pytest.raises(Refusal, match="2 source texts begin with"):
        Sources(tmp_path).remove("")
    assert len(Sources(tmp_path).listed()) == 2


def test_a_text_named_for_one_run_can_not_be_removed(tmp_path: Path, text: Path) -> None:
    with pytest.raises(Refusal):
        Sources(tmp_path / "data", (text,)).remove(SUM)
    assert text.exists()


def test_without_a_data_directory_nothing_is_added(text: Path) -> None:
    with pytest.raises(Refusal, match="No data directory"):
        Sources(None).add(text)
    assert Sources(None).get(SUM) is None


def test_a_data_directory_that_can_not_be_written_keeps_no_half_text(tmp_path: Path, text: Path) -> None:
    (tmp_path / "sources").write_text("a file in the way")
    with pytest.raises(Refusal, match="can't be written"):
        Sources(tmp_path).add(text)
    assert (tmp_path / "sources").read_text() == "a file in the way"


def test_a_text_says_which_submissions_were_read_in_it(store: Store, sources_dir: Path) -> None:
    assert cited_by(store, read_source(sources_dir / "guatemala-gcm-2017.md").sha256) == ["guatemala-2017"]
    assert cited_by(store, SUM) == []
