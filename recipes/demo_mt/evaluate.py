"""Score the bundled model: chrF and BLEU on the held-out Tatoeba sentences and, where given, on FLORES dev."""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from pathlib import Path

import ctranslate2
import sacrebleu
from ctranslate2.converters import TransformersConverter
from transformers import MarianTokenizer

FLORES = {"deu": "en-de/flores-dev.de", "spa": "en-es/flores-dev.es"}


def translate(model: Path, sources: list[str], lang: str, beam: int) -> list[str]:
    """Translate sentences in float32 (CTranslate2, token for token what `generate` gives)."""
    tokenizer = MarianTokenizer.from_pretrained(model)
    with tempfile.TemporaryDirectory() as folder:
        TransformersConverter(str(model)).convert(folder, force=True)
        translator = ctranslate2.Translator(folder, compute_type="float32", intra_threads=2)
        pieces = [
            tokenizer.convert_ids_to_tokens(ids) for ids in tokenizer([f">>{lang}<< {s}" for s in sources])["input_ids"]
        ]
        results = translator.translate_batch(pieces, beam_size=beam, max_batch_size=2048, batch_type="tokens")
    return [
        tokenizer.decode(tokenizer.convert_tokens_to_ids(r.hypotheses[0]), skip_special_tokens=True) for r in results
    ]


def scores(hypotheses: list[str], references: list[list[str]]) -> dict:
    """Return chrF and BLEU with their signatures; every sentence may have another number of references."""
    streams = list(map(list, itertools.zip_longest(*references)))
    chrf, bleu = sacrebleu.CHRF(), sacrebleu.BLEU()
    return {
        "chrF": round(chrf.corpus_score(hypotheses, streams).score, 2),
        "BLEU": round(bleu.corpus_score(hypotheses, streams).score, 2),
        "signatures": [f"chrF|{chrf.get_signature()}", f"BLEU|{bleu.get_signature()}"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that prepare.py wrote")
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    parser.add_argument("--flores", type=Path, help="folder with en-de/flores-dev.{en,de} and en-es/…")
    parser.add_argument("--beam", type=int, default=4)
    args = parser.parse_args()
    rows = [json.loads(line) for line in (args.data / f"{args.split}.jsonl").open(encoding="utf-8")]
    out: dict = {"beam": args.beam}
    for lang in FLORES:
        chosen = [r for r in rows if r["lang"] == lang]
        hypotheses = translate(args.model, [r["source"] for r in chosen], lang, args.beam)
        if len(set(hypotheses)) < len({r["source"] for r in chosen}) / 2:
            raise SystemExit(f"{lang}: fewer than half of the translations are distinct; the model ignores its input")
        out[f"tatoeba-{args.split}-{lang}"] = scores(hypotheses, [r["targets"] for r in chosen])
        if args.flores:
            target = args.flores / FLORES[lang]
            english = (target.parent / "flores-dev.en").read_text(encoding="utf-8").splitlines()
            reference = target.read_text(encoding="utf-8").splitlines()
            hypotheses = translate(args.model, english, lang, args.beam)
            out[f"flores-dev-{lang}"] = scores(hypotheses, [[r] for r in reference])
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
