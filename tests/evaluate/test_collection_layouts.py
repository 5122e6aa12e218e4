from pathlib import Path

import collection_folders as folders
import pytest

from mtqa.core.errors import UsageError
from mtqa.evaluate.collection.layouts import LAYOUTS, sources, usual_split
from mtqa.evaluate.collection.pooled import POOLED
from mtqa.evaluate.collection.tasks import load_task, task_documents
from mtqa.evaluate.settings import COLLECTIONS

TEXTS = {"d1": "Fox A red fox sleeps.", "d3": "Whale It is blue.", "d4": "Nothing of interest."}
ANSWERED = ["q1", "q2", "q3"]


@pytest.mark.parametrize(
    ("layout", "write", "langs"),
    [
        ("beir", folders.beir, [None]),
        ("trec", folders.own, [None]),
        ("miracl", folders.miracl, ["swh_Latn", "yor_Latn"]),
        ("mr-tydi", folders.mr_tydi_tar, ["swh_Latn"]),
        ("mr-tydi", folders.mr_tydi_hub, ["swh_Latn"]),
        ("ciral", folders.ciral, ["hau_Latn"]),
    ],
    ids=["beir", "trec", "miracl", "mr-tydi tar", "mr-tydi Hub", "ciral"],
)
def test_every_layout_gives_queries_judgements_and_documents(tmp_path, layout, write, langs):
    found = sources(layout, write(tmp_path), None, None)
    assert [source.lang for source in found] == [source.passage_lang for source in found] == langs
    assert [source.query_lang for source in found] == (["eng_Latn"] if layout == "ciral" else langs)
    for source in found:
        task = load_task(source)
        assert task.queries == {name: folders.QUERIES[name] for name in ANSWERED}
        assert task.judged == {name: folders.JUDGED[name] for name in ANSWERED}
        assert (task.unanswered, task.unjudged) == (1, 0)
        texts = {document.id: document.text for document in task_documents(source)}
        assert list(texts) == list(folders.DOCUMENTS)
        if write is not folders.mr_tydi_tar:
            assert texts.items() >= TEXTS.items()


def test_files_of_other_splits_and_translations_are_not_taken(tmp_path):
    (task,) = sources("ciral", folders.ciral(tmp_path), None, None)
    assert task.qrels[0].name == "qrels.ciral-v1.0-ha-test-a.tsv"
    assert [path.parent.name for path in task.documents] == ["passages-v1.0"]
    (task,) = sources("ciral", tmp_path, "dev", ["hau_Latn"])
    assert task.topics.name == "topics.ciral-v1.0-ha-dev.tsv"


def test_the_folder_of_one_language_may_be_given_itself(tmp_path):
    folders.mr_tydi_tar(tmp_path)
    (task,) = sources("mr-tydi", tmp_path / "mrtydi-v1.1-swahili", None, None)
    assert task.lang == "swh_Latn"


def test_beir_folders_named_after_languages_are_one_task_each(tmp_path):
    for name in ("de", "swahili"):
        folders.beir(tmp_path / name)
    assert [source.lang for source in sources("beir", tmp_path, None, None)] == ["deu_Latn", "swh_Latn"]
    assert [source.lang for source in sources("beir", tmp_path, None, ["swh_Latn"])] == ["swh_Latn"]
    (alone,) = sources("beir", tmp_path / "de", None, ["deu_Latn"])
    assert (alone.lang, alone.query_lang) == ("deu_Latn", "deu_Latn")


def test_afriqas_passages_of_all_files_are_one_pool(tmp_path):
    hausa, swahili = sources("afriqa", folders.afriqa(tmp_path), None, None)
    assert (hausa.lang, hausa.query_lang, hausa.passage_lang) == ("hau_Latn", "hau_Latn", "eng_Latn")
    pool = {document.id: document.text for document in task_documents(hausa)}
    assert list(task_documents(hausa)) == list(task_documents(swahili))
    assert sorted(pool.values()) == ["Fox A red fox.", "Frog Green.", "Whale It is blue."]
    task = load_task(hausa)
    assert task.queries == {"0": "fox", "1": "whale"}
    assert {query: [pool[d] for d in texts] for query, texts in task.judged.items()} == {
        "0": ["Fox A red fox."],
        "1": ["Whale It is blue."],
    }
    assert task.unanswered == 1
    assert [source.lang for source in sources("afriqa", tmp_path, "train", None)] == ["swh_Latn"]


def test_amharicqas_questions_are_asked_of_the_paragraphs_of_all_splits(tmp_path):
    folders.amharicqa(tmp_path)
    (source,) = sources("amharicqa", tmp_path, None, None)
    assert (source.lang, source.query_lang, source.passage_lang) == ("amh_Ethi",) * 3
    pool = {document.id: document for document in task_documents(source)}
    assert [document.text for document in task_documents(source)] == ["ቀይ ቀበሮ", "ሰማያዊ ዓሣ", "አረንጓዴ"]
    assert {document.lang for document in pool.values()} == {"amh_Ethi"}
    task = load_task(source)
    assert task.queries == {"1": "ቀይ ምንድን ነው?", "2": "ማን ተኛ?", "3": "ሰማያዊ?"}
    assert {query: [pool[d].text for d in texts] for query, texts in task.judged.items()} == {
        "1": ["ቀይ ቀበሮ"], "2": ["ቀይ ቀበሮ"], "3": ["ሰማያዊ ዓሣ"],
    }  # fmt: skip
    assert list(load_task(sources("amharicqa", tmp_path, "train", ["amh_Ethi"])[0]).queries) == ["9"]
    with pytest.raises(UsageError, match="no deu_Latn"):
        sources("amharicqa", tmp_path, None, ["deu_Latn"])
    for text in ("{}", "[1", '{"data": [{"paragraphs": [{"context": null}]}]}', '{"data": []}'):
        (tmp_path / "test_data.json").write_text(text, encoding="utf-8")
        with pytest.raises(UsageError) as caught:
            load_task(source)
        assert "test_data.json" in str(caught.value)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_folder_without_the_files_is_refused(tmp_path, layout):
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="no judgements"):
        sources(layout, tmp_path, None, None)
    with pytest.raises(UsageError, match="no folder"):
        sources(layout, tmp_path / "none", None, None)


def test_what_is_missing_is_named(tmp_path):
    folders.miracl(tmp_path)
    with pytest.raises(UsageError, match="dev") as caught:
        sources("miracl", tmp_path, "train", None)
    assert "train" in str(caught.value)
    with pytest.raises(UsageError, match="deu_Latn") as caught:
        sources("miracl", tmp_path, None, ["deu_Latn", "swh_Latn"])
    assert "swh_Latn" in str(caught.value)
    for path in (tmp_path / "miracl-corpus-v1.0-yo").iterdir():
        path.unlink()
    with pytest.raises(UsageError, match="no documents of yor_Latn"):
        sources("miracl", tmp_path, None, None)
    assert len(sources("miracl", tmp_path, None, ["swh_Latn"])) == 1
    folders.beir(tmp_path / "data" / "scifact")
    with pytest.raises(UsageError, match="'scifact' is no language"):
        sources("beir", tmp_path / "data", None, None)
    with pytest.raises(UsageError, match="one language"):
        sources("beir", tmp_path / "data" / "scifact", None, ["deu_Latn", "eng_Latn"])


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("topics.tsv", "q1\tred fox\n", "'q2' is judged but has no text"),
        ("topics.tsv", "q1 red fox\n", "no tab"),
        ("topics.tsv", "q1\tred\nq1\tblue\n", "occurs twice"),
        ("topics.tsv", "q 1\tred fox\n", "white space"),
        ("qrels.txt", "q1 0 d1 0\n", "No document is relevant"),
    ],
)
def test_wrong_queries_and_judgements_are_refused(tmp_path, name, text, says):
    (folders.own(tmp_path) / name).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=says) as caught:
        load_task(*sources("trec", tmp_path, None, None))
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("line", "says"), [('{"_id": "d1"}', "no 'text'"), ('{"text": "x"}', "no '_id'"), ("[1]", "object"), ("{", "JSON")]
)
def test_wrong_documents_are_refused(tmp_path, line, says):
    folders.write(folders.beir(tmp_path) / "corpus.jsonl", f"{folders.documents()}{line}\n")
    with pytest.raises(UsageError, match=says) as caught:
        list(task_documents(*sources("beir", tmp_path, None, None)))
    assert "corpus.jsonl, line 5" in str(caught.value)


def test_half_a_surrogate_pair_is_no_obstacle(tmp_path):
    line = '{"_id": "d9", "text": "a \\ud83d\\ude00 b \\uD83D c \\\\ud83d"}'
    folders.write(folders.beir(tmp_path) / "corpus.jsonl", f"{folders.documents()}{line}\n")
    *_, last = task_documents(*sources("beir", tmp_path, None, None))
    assert last.text == "a \U0001f600 b \ufffd c \\ud83d"


def test_the_page_names_every_layout_with_its_usual_split():
    page = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text(encoding="utf-8")
    rows = {
        cells[1].strip(" `"): cells[-2].strip(" `")
        for cells in (line.split("|") for line in page.splitlines() if line[:1] == "|")
    }
    assert {name: rows[name] for name in COLLECTIONS} == {name: usual_split(name) for name in COLLECTIONS}
    assert set(COLLECTIONS) == {*LAYOUTS, *POOLED}
