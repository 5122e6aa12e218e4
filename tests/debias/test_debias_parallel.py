import pytest

from mtqa.core.errors import UsageError
from mtqa.debias.parallel import fingerprint_of, read

LINES = [f"sentence {i}" for i in range(20)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "dev.en").write_text("\n".join(LINES))
    (tmp_path / "de.txt").write_text("\n".join(line.replace("sentence", "Satz") for line in LINES))
    return tmp_path


def test_text_files_stay_parallel_and_are_chosen_by_seed(folder):
    texts = read(folder, 12, 1)
    assert list(texts) == ["deu_Latn", "eng_Latn"]
    assert [line.split()[1] for line in texts["deu_Latn"]] == [line.split()[1] for line in texts["eng_Latn"]]
    assert len(texts["eng_Latn"]) == 12
    assert texts == read(folder, 12, 1) != read(folder, 12, 2)
    assert read(folder, 100, 1)["eng_Latn"] == LINES
    before = fingerprint_of(folder)
    (folder / "de.txt").write_text("other")
    assert fingerprint_of(folder) != before


def test_what_is_not_parallel_is_refused(folder, tmp_path):
    for change, message in [
        (lambda: (folder / "de.txt").write_text("one line"), "different numbers of lines"),
        (lambda: (folder / "de.txt").rename(folder / "klingonish.txt"), "not a language"),
        (lambda: (folder / "klingonish.txt").rename(folder / "eng.txt"), "Two files hold eng_Latn"),
        (lambda: (folder / "eng.txt").unlink(), "in eng_Latn"),
        (lambda: (folder / "dev.en").rename(folder / "dev.fr"), "in fra_Latn"),
    ]:
        change()
        with pytest.raises(UsageError, match=message):
            read(folder, 10, 1)
    with pytest.raises(UsageError, match="no folder"):
        read(tmp_path / "nowhere", 10, 1)


def test_evaluation_sets_are_refused(folder):
    with pytest.raises(UsageError, match="to evaluate on"):
        read(folder.rename(folder.with_name("xquad-r")), 10, 1)


def test_too_few_items_are_refused(tmp_path):
    for lang in ("en", "de"):
        (tmp_path / f"{lang}.txt").write_text("a\nb\n")
    with pytest.raises(UsageError, match="Only 2 items"):
        read(tmp_path, 10, 1)
