import tracemalloc

import pytest

from mtqa.core.corpus import TableWriter
from mtqa.core.errors import UsageError
from mtqa.core.hashing import content_id
from mtqa.core.output import Work, building
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


def test_only_line_ends_part_lines(folder):
    """U+2028 and U+0085 stand inside sentences of web text, in one language and not in the other."""
    german = (folder / "de.txt").read_text().replace("Satz 3", "Satz\u2028drei\x85")
    (folder / "de.txt").write_text(german + "\n", encoding="utf-8")
    texts = read(folder, 100, 1)
    assert texts["eng_Latn"] == LINES
    assert texts["deu_Latn"][3] == "Satz\u2028drei\x85"


def test_a_file_in_another_encoding_is_named(folder):
    (folder / "de.txt").write_bytes("schläft\n".encode("latin-1") * 20)
    with pytest.raises(UsageError, match="not UTF-8") as caught:
        read(folder, 10, 1)
    assert caught.value.where == str(folder / "de.txt")


@pytest.fixture
def corpus(tmp_path):
    """English and German rows: five questions a passage, every seventh item lacks its German row."""
    rows = {lang: [] for lang in ("eng_Latn", "deu_Latn")}
    for number in range(2000):
        for lang, lines in rows.items():
            if lang == "eng_Latn" or number % 7:
                text = f"{lang} passage {number // 5} " + "x" * 2000
                row = {"item_id": content_id(str(number)), "passage_id": content_id("p", str(number // 5))}
                row |= {"question_id": content_id("q", str(number)), "dataset": "faq", "licence": "MIT"}
                row |= {"split": "train", "lang": lang, "question": f"{number}?", "passage": text, "answers": []}
                lines.append(row)
    work = Work("translate", 1, {}, {})
    with building(tmp_path / "corpus", work) as build:
        parts = {}
        for lang, lines in rows.items():
            with TableWriter(build.path, f"{lang}/train") as writer:
                writer.write(lines)
            parts[lang] = build.record_part(work.fingerprint, writer.rows)
        build.finish(parts)
    return tmp_path / "corpus"


def test_passages_that_all_languages_have_each_once(corpus):
    texts = read(corpus, 10_000, 1)
    numbers = {lang: [int(text.split()[2]) for text in lines] for lang, lines in texts.items()}
    assert numbers["deu_Latn"] == numbers["eng_Latn"] == list(range(400))
    some = read(corpus, 30, 1)["eng_Latn"]
    assert len(some) == 30 and some != read(corpus, 30, 2)["eng_Latn"]
    assert some == sorted(some, key=texts["eng_Latn"].index)


def test_texts_that_are_not_chosen_are_never_held(corpus):
    """16 MB of text, of which 10 passages are wanted."""
    tracemalloc.start()
    read(corpus, 10, 1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e6


def test_evaluation_sets_are_refused(folder):
    with pytest.raises(UsageError, match="to evaluate on"):
        read(folder.rename(folder.with_name("xquad-r")), 10, 1)


def test_too_few_items_are_refused(tmp_path):
    for lang in ("en", "de"):
        (tmp_path / f"{lang}.txt").write_text("a\nb\n")
    with pytest.raises(UsageError, match="Only 2 items"):
        read(tmp_path, 10, 1)
