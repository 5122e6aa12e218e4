"""Small collections in the layouts of the published files."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

QUERIES = {"q1": "red fox", "q2": "blue whale", "q3": "green frog", "q4": "grey wolf"}
DOCUMENTS = {
    "d1": ("Fox", "A red fox sleeps."),
    "d2": ("", "A red dog and a fox run far away from here."),
    "d3": ("Whale", "It is blue."),
    "d4": ("", "Nothing of interest."),
}
JUDGED = {"q1": {"d1": 1, "d2": 2}, "q2": {"d3": 1, "gone": 1}, "q3": {"d4": 1}, "q4": {"d4": 0}}
# BM25 finds: q1 → d1, d2 (d1 is shorter); q2 → d3; q3 → nothing. q4 has no relevant document.


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path


def documents(keys: tuple[str, str, str] = ("_id", "title", "text"), contents: bool = False) -> str:
    rows = [
        dict(zip(keys, (name, title, text), strict=True)) if not contents else {"id": name, "contents": text}
        for name, (title, text) in DOCUMENTS.items()
    ]
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def topics() -> str:
    return "".join(f"{name}\t{text}\n" for name, text in QUERIES.items())


def trec_qrels() -> str:
    return "".join(f"{q}\tQ0\t{d}\t{value}\n" for q, texts in JUDGED.items() for d, value in texts.items())


def beir(folder: Path, split: str = "test") -> Path:
    write(folder / "corpus.jsonl", documents())
    rows = [json.dumps({"_id": name, "text": text, "metadata": {}}) for name, text in QUERIES.items()]
    write(folder / "queries.jsonl", "\n".join(rows))
    pairs = [f"{q}\t{d}\t{value}" for q, texts in JUDGED.items() for d, value in texts.items()]
    write(folder / "qrels" / f"{split}.tsv", "\n".join(["query-id\tcorpus-id\tscore", *pairs]))
    return folder


def amharicqa(folder: Path) -> Path:
    """Two splits in SQuAD's shape, ids as numbers, one paragraph in both."""
    splits = {
        "test_data": [("ቀይ ቀበሮ", {1: "ቀይ ምንድን ነው?", 2: "ማን ተኛ?"}), ("ሰማያዊ ዓሣ", {3: "ሰማያዊ?"})],
        "train_data": [("ቀይ ቀበሮ", {}), ("አረንጓዴ", {9: "አረንጓዴ?"})],
    }
    for name, paragraphs in splits.items():
        data = [
            {
                "paragraphs": [
                    {"context": text, "qas": [{"id": n, "question": q, "answers": []} for n, q in asked.items()]}
                ]
            }
            for text, asked in paragraphs
        ]
        write(folder / f"{name}.json", json.dumps({"data": data}, ensure_ascii=False))
    return folder


def own(folder: Path) -> Path:
    write(folder / "topics.tsv", topics())
    write(folder / "qrels.txt", trec_qrels())
    write(folder / "collection.tsv", "".join(f"{n}\t{' '.join(parts).strip()}\n" for n, parts in DOCUMENTS.items()))
    return folder


def miracl(folder: Path) -> Path:
    for lang in ("sw", "yo"):
        data = folder / f"miracl-v1.0-{lang}"
        write(data / "topics" / f"topics.miracl-v1.0-{lang}-dev.tsv", topics())
        write(data / "topics" / f"topics.miracl-v1.0-{lang}-test-a.tsv", topics())
        write(data / "qrels" / f"qrels.miracl-v1.0-{lang}-dev.tsv", trec_qrels())
        first, second = documents(("docid", "title", "text")).split("\n", 1)
        corpus = folder / f"miracl-corpus-v1.0-{lang}"
        write(corpus / "docs-0.jsonl.gz", first)
        write(corpus / "docs-1.jsonl.gz", second)
    return folder


def mr_tydi_tar(folder: Path) -> Path:
    data = folder / "mrtydi-v1.1-swahili"
    write(data / "topic.test.tsv", topics())
    write(data / "topic.tsv", topics())
    write(data / "qrels.test.txt", trec_qrels())
    write(data / "collection" / "docs.jsonl.gz", documents(contents=True))
    return folder


def mr_tydi_hub(folder: Path) -> Path:
    data = folder / "mrtydi-v1.1-swahili"
    write(data / "ir-format-data" / "topics.test.txt", topics())
    write(data / "ir-format-data" / "qrels.test.txt", trec_qrels())
    write(folder / "corpus" / "mrtydi-v1.1-swahili" / "corpus.jsonl.gz", documents(("docid", "title", "text")))
    return folder


def ciral(folder: Path) -> Path:
    for split in ("dev", "test-a", "test-a-pools"):
        write(folder / "ciral-hausa" / "qrels" / f"qrels.ciral-v1.0-ha-{split}.tsv", trec_qrels())
    for split in ("dev", "test-a"):
        write(folder / "ciral-hausa" / "topics" / f"topics.ciral-v1.0-ha-{split}.tsv", topics())
    write(folder / "passages-v1.0" / "hausa_passages.jsonl", documents(("docid", "title", "text")))
    write(folder / "translated-passages-v1.0" / "hausa_passages.jsonl", documents(("docid", "title", "text")))
    return folder


def afriqa(folder: Path) -> Path:
    """Two languages; a passage that two questions share, and a question without a passage."""

    def rows(*lines: tuple[str, str, str, str]) -> str:
        keys = ("id", "question_lang", "title", "context")
        return "".join(f"{json.dumps(dict(zip(keys, line, strict=True)))}\n" for line in lines)

    fox, whale = ("Fox", "A red fox."), ("Whale", "It is blue.")
    write(folder / "afriqa.hau.test.json", rows(("0", "fox", *fox), ("1", "whale", *whale), ("2", "wolf", "", "")))
    write(folder / "afriqa.swa.test.json", rows(("0", "blue", *whale)))
    write(folder / "gold_span_passages.afriqa.swa.en.train.json", rows(("0", "frog", "Frog", "Green.")))
    return folder


SPEECHES = {
    "1": ("EN", "100", "We want clean water and clean rivers."),
    "2": ("DE", "100", "Wir wollen sauberes Wasser in allen Flüssen."),
    "3": ("DE", "200", "Die Fischer brauchen neue Netze."),
    "4": ("FR", "200", "Les pêcheurs ont besoin de filets."),
    "5": ("EN", "200", "Fishing nets are old."),
}
TOPICS = {
    "100": {"EN": "Water policy", "DE": "Wasserpolitik", "FR": "Politique de l'eau"},
    "200": {"EN": "Fishing nets", "DE": "Netze der Fischer", "FR": ""},
}


def multieup(folder: Path) -> Path:
    """A row a speech, as unimelb-nlp/MultiEup-v2 has them; topic 200 has no French title."""
    names = ("EN", "DE", "FR")
    head = ["did", "TEXT", "DATE", "LANGUAGE", "NAME", "MEPID", "PARTY", "country", "gender"]
    head += [f"title_{name}" for name in names] + [f"qid_{name}" for name in names]
    rows = []
    for did, (lang, topic, text) in SPEECHES.items():
        titles = TOPICS[topic]
        ids = [f"{topic}#{name}" if titles[name] else "" for name in names]
        rows.append([did, text, "2021-03-08", lang, "A, B", "7", "Group", "Malta", "Male", *titles.values(), *ids])
    rows.append(
        ["6", "", "2021-03-08", "EN", "A", "7", "G", "Malta", "Male", *TOPICS["100"].values(), "100#EN", "", ""]
    )
    rows.append(
        ["7", "Hej", "2021-03-08", "SV", "A", "7", "G", "Malta", "Male", *TOPICS["100"].values(), "100#EN", "", ""]
    )
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "clean_all_with_did_qid.MEP.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return folder


NEWS = {
    "fas": [("f1", "آب", "رودخانه و آب پاک"), ("f2", "", "ماهیگیری")],
    "rus": [("r1", "Вода", "Чистая вода в реках"), ("r2", "", "Рыбаки и сети")],
    "zho": [("z1", "水", "河里的水很干净"), ("z2", "", "渔民需要新网")],
}
NEWS_JUDGED = {"fas": {"8": {"f1": 3}}, "rus": {"8": {"r1": 1}, "9": {"r2": 3, "r1": 0}}, "zho": {"9": {"z2": 1}}}


def _news(folder: Path) -> None:
    for code, rows in NEWS.items():
        lines = [
            json.dumps({"id": i, "cc_file": "c", "time": "2020", "title": title, "text": text, "url": "u"})
            for i, title, text in rows
        ]
        write(folder / "data" / f"{code}-00000-of-00001.jsonl.gz", "\n".join(lines))
        write(folder / "data" / f"{code}-mt-eng-00000-of-00001.jsonl.gz", "\n".join(lines))


def _news_qrels(code: str, ignored: str) -> str:
    return "".join(f"{q} {ignored} {d} {v}\n" for q, found in NEWS_JUDGED[code].items() for d, v in found.items())


def neuclir_hub(folder: Path) -> Path:
    """Copies of neuclir/neuclir1 and neuclir/bench."""
    _news(folder / "neuclir1")
    data = folder / "bench" / "data"
    write(data / "news.eng.tsv", "8\tclean water in rivers\n9\tfishing nets\n10\tnot judged\n")
    write(data / "news.rus.tsv", "8\tчистая вода\n")
    for code in NEWS:
        write(data / f"qrels.{code}.gains.txt", _news_qrels(code, code))
    write(data / "qrels.mlir.gains.txt", _news_qrels("zho", "zho"))
    return folder


def neuclir_trec(folder: Path) -> Path:
    """The Hub's documents with TREC's topics and judgements of 2022."""
    _news(folder)

    def topic(number: str, title: str, description: str) -> str:
        texts = {"topic_title": title, "topic_description": description, "topic_narrative": "n"}
        english = {"lang": "eng", "source": "original", **texts}
        other = {"lang": "rus", "source": "human translation", **texts, "topic_title": "x"}
        return json.dumps({"topic_id": number, "languages_with_qrels": ["rus"], "topics": [other, english]})

    lines = [topic("8", "Clean water", "Is the water in rivers clean?"), topic("9", "Nets", "")]
    write(folder / "topics.0720.utf8.jsonl", "\n".join(lines))
    for code in NEWS:
        write(folder / f"2022-qrels.{code}", _news_qrels(code, "Q0"))
    write(folder / "2022-qrels.all", _news_qrels("fas", "Q0"))
    return folder


def mlir(folder: Path) -> Path:
    """A folder of yjoonjang/mlir-benchmarks; the Dutch are called dt there."""
    queries = {"en_q_0a": ("en", "clean water"), "dt_q_0a": ("dt", "schoon water"), "en_q_0b": ("en", "fishing nets")}
    corpus = {
        "doc_en_0": ("en", "Water is clean."),
        "doc_dt_1": ("dt", "Het water is schoon."),
        "doc_en_2": ("en", "Nets"),
    }
    qrels = {"en_q_0a": ["doc_en_0", "doc_dt_1"], "dt_q_0a": ["doc_en_0", "doc_dt_1"], "en_q_0b": ["doc_en_2"]}
    lines = [json.dumps({"_id": name, "text": text, "lang": lang}) for name, (lang, text) in queries.items()]
    write(folder / "queries.jsonl", "\n".join(lines))
    lines = [json.dumps({name: {"text": text, "lang": lang}}) for name, (lang, text) in corpus.items()]
    write(folder / "corpus.jsonl", "\n".join(lines))
    write(folder / "qrels.jsonl", "\n".join(json.dumps({q: dict.fromkeys(d, 1)}) for q, d in qrels.items()))
    return folder
