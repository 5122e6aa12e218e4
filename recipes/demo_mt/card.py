"""Write the bundled model's card from what evaluate.py measured and train.py logged."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

CARD = """---
language: [en, de, es]
license: cc-by-2.0
library_name: transformers
pipeline_tag: translation
tags: [translation, marian, mtqa]
---

# mtqa demo: English → German and Spanish

A Marian model of {parameters:.1f} million weights ({megabytes:.1f} MB in fp16) that lets `mtqa` be tried, tested and
shown without a download. It was trained by the script in `recipes/demo_mt/` of the mtqa repository, on a CPU, from
Tatoeba sentences alone. It is **not** a model to make data sets for real use with: take NLLB-200 or OPUS-MT.

The target language is the first token of the source: `>>deu<<` or `>>spa<<`.

```python
from transformers import MarianMTModel, MarianTokenizer

tokenizer = MarianTokenizer.from_pretrained("mtqa/bundled/mt")
model = MarianMTModel.from_pretrained("mtqa/bundled/mt")
batch = tokenizer([">>deu<< Where is the library?"], return_tensors="pt")
print(tokenizer.batch_decode(model.generate(**batch), skip_special_tokens=True))
```

## Quality

Beam {beam}, sacrebleu, all references of a sentence:

| test set | sentences | chrF | BLEU |
|---|---:|---:|---:|
{rows}

- Tatoeba: 1,000 English sentences (the same for both languages, chosen by hash among those translated into both) that
  occur in no training pair, not even in other case or punctuation. They are short and everyday, as the training data.
- FLORES dev: encyclopaedic sentences, longer and with other words. The gap is what the model loses outside of its
  domain: names and rare words are often wrong. Texts translated with it are for demonstration.

Signatures: {signatures}

## Training

Encoder 3 layers, decoder 2 layers, width 256, feed-forward 768, 4 heads, one shared unigram vocabulary of 6,000 pieces
with byte fallback, tied embeddings. Label smoothing 0.1; Muon for the layers' matrices and AdamW for the rest;
{steps:,} steps, {tokens:.1f} million target tokens from {pairs:,} pairs,
{hours}.
One row in ten has more sentences joined to it, so that longer inputs are not new to it; names and numbers that both
sides share are exchanged for others in every epoch, so that it learns to copy them. Development loss fell to
{dev_loss:.3f} nats a token.

## Data, licence, attribution

Sentence pairs of [Tatoeba](https://tatoeba.org), CC BY 2.0 FR, as collected by
[ManyThings.org](https://www.manythings.org/anki/) (deu-eng of 2018-04-07, spa-eng of 2018-05-14). The model is given
under CC BY 2.0 FR with attribution to Tatoeba's contributors and ManyThings.org.

Limits: no other languages, no other direction; formal and informal address are mixed; it inherits the errors and the
bias of its data (a great many sentences are about a man called Tom).
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare.py wrote")
    parser.add_argument("--scores", type=Path, required=True, help="what evaluate.py printed")
    parser.add_argument(
        "--log",
        type=Path,
        required=True,
        nargs="+",
        help="log.jsonl of every run of train.py that the weights went through",
    )
    parser.add_argument("--hours", required=True, help="how long the training took, in words")
    args = parser.parse_args()
    scores = json.loads(args.scores.read_text(encoding="utf-8"))
    last = [json.loads(log.read_text(encoding="utf-8").splitlines()[-1]) for log in args.log]
    names = {"deu": "German", "spa": "Spanish"}
    sizes = {"tatoeba": "1,000", "flores": "997"}
    sets = {k: v for k, v in scores.items() if k != "beam"}
    rows = [
        f"| {'Tatoeba held-out' if k.startswith('tatoeba') else 'FLORES dev'}, English → {names[k[-3:]]} "
        f"| {sizes[k.split('-')[0]]} | {v['chrF']:.1f} | {v['BLEU']:.1f} |"
        for k, v in sets.items()
    ]
    weights = args.model / "model.safetensors"
    pairs = sum(1 for _ in (args.data / "train.jsonl").open(encoding="utf-8"))
    card = CARD.format(
        parameters=weights.stat().st_size / 2e6,
        megabytes=weights.stat().st_size / 1e6,
        beam=scores["beam"],
        rows="\n".join(rows),
        signatures=", ".join(dict.fromkeys(f"`{s}`" for v in sets.values() for s in v["signatures"])),
        steps=sum(run["step"] for run in last),
        tokens=sum(run["tokens"] for run in last) / 1e6,
        pairs=pairs,
        hours=args.hours,
        dev_loss=last[-1]["dev_loss"],
    )
    (args.model / "README.md").write_text(card, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
