"""Where answers stand in a translation: the forced alignment pass against professional translations (XQuAD-R).

For each question of XQuAD-R whose answer lies in one sentence, the English sentence is aligned with the professional
translation's sentence, and the projected answer compared with the true answer string: exact match and token F1, as
SQuAD counts them. Evaluation only: nothing is chosen here. `--tune` does the same on SQuAD-es, sentence pairs that are
shared with no benchmark, for several thresholds.

    python benchmarks/align_answers.py --data data --lang es --limit 300
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

NAMES = {"de": "deu_Latn", "es": "spa_Latn"}


def cases(data: Path, code: str, limit: int) -> list[tuple[str, str, tuple[int, int], str]]:
    """Return (English sentence, its translation, the answer's place in the first, the true answer)."""
    sides = [json.loads((data / "lareqa" / "xquad-r" / f"{c}.json").read_text("utf-8"))["data"] for c in ("en", code)]
    paragraphs = [[p for article in side for p in article["paragraphs"]] for side in sides]
    found = []
    for english, other in zip(*paragraphs, strict=True):
        if len(english["sentences"]) != len(other["sentences"]):
            continue
        wanted = {qa["id"]: qa["answers"][0]["text"] for qa in other["qas"]}
        for qa in english["qas"]:
            answer = qa["answers"][0]
            for n, (start, end) in enumerate(english["sentence_breaks"]):
                begin, stop = answer["answer_start"], answer["answer_start"] + len(answer["text"])
                whole = start <= begin and stop <= end and qa["id"] in wanted
                if whole and wanted[qa["id"]] in other["sentences"][n]:
                    place = (begin - start, stop - start)
                    found.append((english["context"][start:end], other["sentences"][n], place, wanted[qa["id"]]))
    step = max(1, len(found) // limit)
    return found[::step][:limit]


def tuning(data: Path, limit: int) -> list[tuple[str, str, tuple[int, int], str]]:
    """Return the same of SQuAD-es: questions whose passages have equally many sentences in both languages."""
    import gzip

    from mtqa.translate.segment import sentences

    sides = []
    for code in ("en", "es"):
        with gzip.open(data / "parallel_qa" / f"squad-dev.{code}.jsonl.gz", "rt", encoding="utf-8") as file:
            sides.append({row["id"]: row for row in map(json.loads, file)})
    found = []
    for key in sorted(sides[0].keys() & sides[1].keys()):
        texts, spots = [], []
        for side in sides:
            row = side[key]
            answer = row["answers"][0] if isinstance(row.get("answers"), list) else row
            texts.append(row.get("context") or row.get("passage"))
            spots.append((answer.get("answer_start", answer.get("start")), answer.get("text", answer.get("answer"))))
        if any(spot[0] is None for spot in spots):
            continue
        parts = [sentences(text) for text in texts]
        if len(parts[0]) != len(parts[1]):
            continue
        for (a, b), (c, d) in zip(*parts, strict=True):
            (start, text), (other, theirs) = spots
            if a <= start and start + len(text) <= b and c <= other and other + len(theirs) <= d:
                found.append((texts[0][a:b], texts[1][c:d], (start - a, start + len(text) - a), theirs))
    step = max(1, len(found) // limit)
    return found[::step][:limit]


def f1(made: str, wanted: str) -> float:
    one, two = (Counter(re.findall(r"\w+", text.lower())) for text in (made, wanted))
    same = sum((one & two).values())
    return 2 * same / (sum(one.values()) + sum(two.values())) if same else 0.0


def measure(target: Any, rows: list, thresholds: list[float]) -> dict[str, Any]:
    from mtqa.translate import spans
    from mtqa.translate.align import Question, align

    engine = target.engine("cpu")
    results: dict[str, Any] = {"cases": len(rows)}
    for threshold in thresholds:
        spans.THRESHOLD = threshold
        questions = [Question(source, text, place) for source, text, place, _ in rows]
        made = align(questions, engine, target.tokens, target.batch_tokens)()
        texts = ["" if m is None else q.target[m[0] : m[1]] for q, m in zip(questions, made, strict=True)]
        wanted = [row[3] for row in rows]
        results[str(threshold)] = {
            "placed": round(sum(m is not None for m in made) / len(rows), 3),
            "exact": round(sum(f1(t, w) == 1 for t, w in zip(texts, wanted, strict=True)) / len(rows), 3),
            "f1": round(sum(map(f1, texts, wanted)) / len(rows), 3),
            "overlap": round(sum(f1(t, w) > 0 for t, w in zip(texts, wanted, strict=True)) / len(rows), 3),
        }
    return results


def main() -> None:
    from mtqa.translate.model import find_model
    from mtqa.translate.settings import TranslateSettings
    from mtqa.translate.target import Target
    from mtqa.translate.tokens import load_tokens

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--lang", choices=sorted(NAMES), default="es")
    parser.add_argument("--model", default="demo")
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--tune", action="store_true")
    args = parser.parse_args()
    lang = NAMES[args.lang]
    files = find_model(args.model, lang)
    settings = TranslateSettings(to=[lang], model=args.model)
    target = Target(lang, files, load_tokens(files, lang), settings, "cpu", "int8")
    if args.tune:
        found = measure(target, tuning(args.data, args.limit), [0.1, 0.2, 0.3, 0.4, 0.5])
    else:
        from mtqa.translate.spans import THRESHOLD

        found = measure(target, cases(args.data, args.lang, args.limit), [THRESHOLD])
    print(json.dumps({"lang": lang, "model": files.label, **found}, indent=1))


if __name__ == "__main__":
    main()
