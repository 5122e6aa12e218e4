"""How often a model keeps what must come through, alone and with mtqa's protection; prints a JSON line a kind.

Sentences of SQuADShifts (new Wikipedia articles) with an item put between two of their words, and sentences that hold
numbers as they are. `alone`: share of sentences in which the model's own output has all items (numbers: `numbers` finds
nothing wrong); `kept`: the same for what mtqa writes; `flagged`: share that mtqa flags instead (`lost_number`). What is
neither kept nor flagged would be a fault.

    python benchmarks/protect.py --data data --sentences 60
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

ITEMS = {
    "url": "https://example.org/a?b=1",
    "e-mail": "info@example.org",
    "code": "`x = 1`",
    "placeholder": "{name}",
    "format": "%s",
    "entity": "&amp;",
}
AROUND = {"markup": ("<b>", "</b>"), "emphasis": ("**", "**"), "link": ("[", "](https://example.org)")}


def sentences(data: Path, most: int) -> tuple[list[str], list[str]]:
    """Return sentences of 8 to 25 words without and with digits."""
    from mtqa.collect.readers import Shape, read_path
    from mtqa.translate.protect import items
    from mtqa.translate.segment import split

    passages = dict.fromkeys(i.passage or "" for i in read_path(data / "qa/squadshifts-new_wiki.json", Shape()))
    found = [p[s.start : s.end] for p in passages for s in split(p, lambda texts: [0] * len(texts), 10_000)]
    found = [s for s in dict.fromkeys(found) if 8 <= len(s.split()) <= 25 and s.isascii() and not items(s)]
    plain = [s for s in found if not re.search(r"\d", s)]
    numbers = [s for s in found if re.search(r"\d{2}", s)]
    return plain[:: max(1, len(plain) // most)][:most], numbers[:: max(1, len(numbers) // (4 * most))][: 4 * most]


def with_item(sentence: str, kind: str) -> str:
    words = sentence.split()
    middle = len(words) // 2
    if kind in ITEMS:
        return " ".join([*words[:middle], ITEMS[kind], *words[middle:]])
    left, right = AROUND[kind]
    return " ".join([*words[:middle], f"{left}{words[middle]}{right}", *words[middle + 1 :]])


def measure(decoder: Any, texts: list[str], kind: str) -> dict[str, Any]:
    from mtqa.translate import protect

    alone = [made.entry.text for made in decoder._start(texts, decoder._usual)()]
    whole = decoder.translate(texts)

    def kept(source: str, target: str) -> bool:
        if kind == "number":
            return not protect.numbers(source, target, decoder.lang)[1]
        return not protect.lost(source, target)

    flagged = [e for t, e in zip(texts, whole, strict=True) if not kept(t, e.text) and "lost_number" in e.flags]
    shares = {
        "alone": sum(map(kept, texts, alone)),
        "kept": sum(kept(t, e.text) for t, e in zip(texts, whole, strict=True)),
        "flagged": len(flagged),
    }
    return {"kind": kind, "sentences": len(texts), **{k: round(n / len(texts), 3) for k, n in shares.items()}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--sentences", type=int, default=60)
    parser.add_argument("--to", default="deu_Latn")
    parser.add_argument("--model", default="demo")
    arguments = parser.parse_args()
    from mtqa.translate.model import find_model
    from mtqa.translate.settings import TranslateSettings
    from mtqa.translate.target import Target
    from mtqa.translate.tokens import load_tokens

    files = find_model(arguments.model, arguments.to)
    settings = TranslateSettings(to=[arguments.to], model=arguments.model)
    target = Target(arguments.to, files, load_tokens(files, arguments.to), settings, "cpu", "int8")
    decoder = target.decoder(target.engine(target.device))
    plain, numbers = sentences(arguments.data, arguments.sentences)
    for kind in [*ITEMS, *AROUND]:
        print(json.dumps(measure(decoder, [with_item(s, kind) for s in plain], kind)), flush=True)
    print(json.dumps(measure(decoder, numbers, "number")), flush=True)


if __name__ == "__main__":
    main()
