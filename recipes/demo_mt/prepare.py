"""Tatoeba pairs → train/dev/test JSONL and one shared sentencepiece model.

The split is by English sentence and deterministic: sentences that have translations in every target
language are ordered by sha256; the first 1,000 are the test set, the next 500 the development set. No training
pair has an English side that equals a held-out one after lower-casing and dropping punctuation.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import unicodedata
import zipfile
from collections import defaultdict
from pathlib import Path

import sentencepiece

TARGETS = ("deu", "spa")
TEST_SENTENCES, DEV_SENTENCES = 1000, 500
VOCAB_SIZE = 6000


def read_pairs(archive: Path) -> list[tuple[str, str]]:
    """Return the (English, other) pairs of one Tatoeba archive, NFC, in file order."""
    with zipfile.ZipFile(archive) as folder:
        name = next(n for n in folder.namelist() if re.search(r"[a-z]{3}\.txt$", n) and "_about" not in n)
        lines = folder.read(name).decode("utf-8").splitlines()
    columns = (unicodedata.normalize("NFC", line).split("\t") for line in lines)
    return [(english, other) for english, other, *_ in columns]


def fold(sentence: str) -> str:
    """Return the letters and digits of a sentence in lower case: what makes two sentences 'the same' here."""
    return " ".join(re.findall(r"\w+", sentence.lower()))


def split(pairs: dict[str, list[tuple[str, str]]]) -> dict[str, list[dict]]:
    """Split the pairs into train, dev and test rows: {source, lang, targets}, training with one target a row."""
    references: dict[str, dict[str, list[str]]] = {lang: defaultdict(list) for lang in pairs}
    for lang, rows in pairs.items():
        for english, other in rows:
            if other not in references[lang][english]:
                references[lang][english].append(other)
    shared = set.intersection(*(set(r) for r in references.values()))
    ordered = sorted(shared, key=lambda s: hashlib.sha256(s.encode()).digest())
    held_out = {"test": ordered[:TEST_SENTENCES], "dev": ordered[TEST_SENTENCES : TEST_SENTENCES + DEV_SENTENCES]}
    out = {
        name: [{"source": s, "lang": lang, "targets": references[lang][s]} for lang in pairs for s in sentences]
        for name, sentences in held_out.items()
    }
    seen = {fold(s) for sentences in held_out.values() for s in sentences}
    out["train"] = [
        {"source": english, "lang": lang, "targets": [other]}
        for lang, rows in pairs.items()
        for english, other in dict.fromkeys(rows)
        if fold(english) not in seen
    ]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parallel", type=Path, required=True, help="folder with tatoeba-{deu,spa}-eng.zip")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    parts = split({lang: read_pairs(args.parallel / f"tatoeba-{lang}-eng.zip") for lang in TARGETS})
    for name, rows in parts.items():
        path = args.out / f"{name}.jsonl"
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        print(f"{path}: {len(rows)} rows")

    text = args.out / "train.txt"
    sides = [row["source"] for row in parts["train"]] + [row["targets"][0] for row in parts["train"]]
    text.write_text("\n".join(dict.fromkeys(sides)), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(args.out / "spm"),
        vocab_size=VOCAB_SIZE,
        model_type="unigram",
        character_coverage=1.0,
        byte_fallback=True,
        max_sentence_length=100_000,
        num_threads=1,
        minloglevel=2,
    )
    text.unlink()
    print(f"{args.out / 'spm.model'}: {VOCAB_SIZE} pieces")


if __name__ == "__main__":
    main()
