"""Speed of `mtqa translate` against what people use otherwise; prints JSON.

Peers, same machine, model, beam and limits: (a) transformers `generate`, batches of 32 in data set order, each row's
texts cut into sentences by the same splitter; (b) the same, sorted by length; (c) bare CTranslate2 `translate_batch`
over the distinct segments, tokenised beforehand, best of several batch sizes, int8. mtqa's time runs from the start of
`translate` to the last byte written, less the loading of the model. (a) and (b) are timed on the first
`--peer-rows` rows, as they would take hours on all, and their time is multiplied by the tokens of all rows over those
of these.

    python benchmarks/translate.py --data data --rows 300 --peer-rows 12 --repeats 3
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

LANG = "deu_Latn"
SHAPED, PLAIN = "squadshifts-new_wiki", ("nq-open-dev", "pubmedqa")
CLOCK = time.perf_counter
QUALITY_SLICE, SAMPLES = 64, 1000
LIMITS = {False: (2.0, 20), True: (1.0, 0)}
"""Most tokens of an output, factor × source tokens + constant: of a model that was trained, of the random one."""


def corpora(data: Path, rows: int, folder: Path) -> dict[str, Path]:
    """Collect the samples: consecutive rows, as five questions in a row share a passage."""
    from mtqa.collect.run import collect
    from mtqa.collect.settings import CollectSettings
    from mtqa.core.corpus import open_corpus

    files = {
        SHAPED: data / "qa" / "squadshifts-new_wiki.json",
        "nq-open-dev": data / "qa" / "nq-open-dev.jsonl",
        "pubmedqa": data / "qa" / "pubmedqa-ori_pqal.json",
    }
    made = {}
    for name, file in files.items():
        whole = folder / f"{name}-whole"
        collect(CollectSettings(sources=[str(file)], validation=0), whole)
        read = [row for batch in open_corpus(whole).batches("eng_Latn", size=256) for row in batch.to_pylist()]
        made[name] = save(read[: rows if name == SHAPED or name == "nq-open-dev" else rows // 5], folder / name)
    return made


def save(rows: list[dict], folder: Path) -> Path:
    """Write rows as a collected corpus."""
    from mtqa.core.corpus import TableWriter
    from mtqa.core.output import Work, building

    with building(folder, Work("collect", 1, {}, {}), overwrite=True) as build:
        with TableWriter(build.path, "eng_Latn/train") as writer:
            writer.write([{**row, "split": "train"} for row in rows])
        build.finish({"eng_Latn": build.record_part("x", writer.rows, {"rows": len(rows)})})
    return folder


def random_marian(folder: Path) -> Path:
    """Save a random Marian of opus-mt-base size (6 + 6 layers, width 512, 58,101 words) with the bundled tokenizer.

    Its outputs are noise and never end by themselves: where they end is for `as_long_as_sources`.
    """
    import shutil

    import torch
    from transformers import AutoTokenizer, MarianConfig, MarianMTModel

    from mtqa.bundled import MT_MODEL

    shutil.copytree(MT_MODEL, folder)
    (folder / "model.safetensors").unlink()
    tokenizer = AutoTokenizer.from_pretrained(MT_MODEL)
    base = MarianConfig.from_pretrained(MT_MODEL)
    torch.manual_seed(1)
    config = MarianConfig(
        vocab_size=58_101,
        decoder_vocab_size=58_101,
        d_model=512,
        encoder_layers=6,
        decoder_layers=6,
        encoder_ffn_dim=2048,
        decoder_ffn_dim=2048,
        encoder_attention_heads=8,
        decoder_attention_heads=8,
        activation_function="swish",
        scale_embedding=True,
        max_position_embeddings=512,
        pad_token_id=base.pad_token_id,
        eos_token_id=base.eos_token_id,
        forced_eos_token_id=base.eos_token_id,
        decoder_start_token_id=base.decoder_start_token_id,
        init_std=0.05,
    )
    model = MarianMTModel(config)
    words = len(tokenizer)
    model.final_logits_bias[0, words:] = -1e4  # ids that the tokenizer lacks
    model.final_logits_bias[0, base.pad_token_id] = -1e4
    model.final_logits_bias[0, base.eos_token_id] = -1e4
    model.save_pretrained(folder)
    return folder


@contextmanager
def as_long_as_sources() -> Iterator[None]:
    """Let mtqa's outputs have as many tokens as the longest source of their batch, and no second attempts.

    For the random model, whose noise has no length of its own; the peers get the same limit.
    """
    from mtqa.translate import decode, watch

    usual = decode.LIMIT, watch.problems
    decode.LIMIT, watch.problems = LIMITS[True], lambda *_: []
    try:
        yield
    finally:
        decode.LIMIT, watch.problems = usual


def limit_of(longest: int, *, random: bool) -> int:
    """Return the most tokens of an output in a batch whose longest source has `longest`."""
    factor, more = LIMITS[random]
    return int(factor * longest) + more


def texts_of(row: dict) -> list[str]:
    return [row["question"], *(t for t in (row["passage"], row["title"]) if t), *(a["text"] for a in row["answers"])]


def ours(corpus: Path, model: str, folder: Path) -> dict[str, Any]:
    """Time `translate` with an empty memory; the time of loading model and tokenizer is taken out, as for the peers."""
    from mtqa.core.corpus import open_corpus
    from mtqa.translate import target as target_module
    from mtqa.translate.ct2 import CTranslate2Engine
    from mtqa.translate.run import translate
    from mtqa.translate.settings import TranslateSettings

    spent = {"loading": 0.0, "alignment": 0.0}

    def timed(work: Any, kind: str) -> Any:
        def done(*args: Any) -> Any:
            began = CLOCK()
            made = work(*args)
            spent[kind] += CLOCK() - began
            return made

        return done

    loads = target_module.load_engine, target_module.load_tokens
    target_module.load_engine, target_module.load_tokens = (timed(load, "loading") for load in loads)
    attention = CTranslate2Engine.attention
    CTranslate2Engine.attention = lambda *args: timed(timed(attention, "alignment")(*args), "alignment")
    try:
        began = CLOCK()
        settings = TranslateSettings(to=[LANG], model=model)
        manifest = translate(corpus, settings, folder / "out", memory=folder / "memory")
        seconds = CLOCK() - began - spent["loading"]
    finally:
        target_module.load_engine, target_module.load_tokens = loads
        CTranslate2Engine.attention = attention
    return {
        "seconds": seconds,
        "rows_per_second": open_corpus(corpus).rows("eng_Latn") / seconds,
        "loading_seconds": spent["loading"],
        "alignment_seconds": spent["alignment"],
        "counts": manifest.parts[LANG].counts,
    }


def prepared(corpus: Path, model: str) -> tuple[Any, list[list[list[str]]]]:
    """Return the target and the translatable segments of each row's texts."""
    from mtqa.core.corpus import open_corpus
    from mtqa.translate.run import targets
    from mtqa.translate.segment import translatable
    from mtqa.translate.settings import TranslateSettings

    _, (target,) = targets(corpus, TranslateSettings(to=[LANG], model=model))
    rows = [row for batch in open_corpus(corpus).batches("eng_Latn") for row in batch.to_pylist()]
    cut = []
    for row in rows:
        texts = [[t[s.start : s.end] for s in target.split(t)] for t in texts_of(row)]
        cut.append([[s for s in text if translatable(s)] for text in texts])
    return target, cut


def generate(
    target: Any, rows: list[list[list[str]]], *, by_length: bool, random: bool = False
) -> tuple[float, list[str]]:
    """Time peer (a) or (b): every segment of every row, repetitions too, in batches of 32, beam 4, float32."""
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    torch.set_num_threads(cores())
    tokenizer = AutoTokenizer.from_pretrained(target.files.path)
    model = AutoModelForSeq2SeqLM.from_pretrained(target.files.path, dtype=torch.float32).eval()
    mark = "".join(f"{code} " for code in target.tokens.source_prefix)
    segments = [mark + s for row in rows for text in row for s in text]
    began = CLOCK()
    if by_length:
        segments.sort(key=lambda s: len(tokenizer(s)["input_ids"]))
    made: list[str] = []
    with torch.inference_mode():
        for start in range(0, len(segments), 32):
            batch = tokenizer(segments[start : start + 32], return_tensors="pt", padding=True)
            limit = limit_of(batch["input_ids"].shape[1], random=random)
            out = model.generate(**batch, num_beams=4, max_new_tokens=limit, max_length=None)
            made += tokenizer.batch_decode(out, skip_special_tokens=True)
    return CLOCK() - began, made


def bare(target: Any, rows: list[list[list[str]]], sizes: list[int], *, random: bool) -> dict[int, float]:
    """Time peer (c) for each batch size in tokens: the distinct segments, tokenised before.

    One call, whose limit is that of the longest source; of the random model, which always reaches it, a call a batch.
    """
    import ctranslate2

    from mtqa.translate.convert import converted
    from mtqa.translate.plan import make_batches

    translator = ctranslate2.Translator(
        str(converted(target.files, target.tokens)), compute_type="int8", inter_threads=cores(), intra_threads=1
    )
    segments = sorted({s for row in rows for text in row for s in text})
    sources = sorted(target.tokens.encode(segments), key=len)
    seconds = {}
    for size in sizes:
        ranges = make_batches([len(s) for s in sources], size) if random else [range(len(sources))]
        began = CLOCK()
        waiting = [
            result
            for some in ranges
            for result in translator.translate_batch(
                [sources[i] for i in some],
                beam_size=4,
                max_batch_size=size,
                batch_type="tokens",
                max_decoding_length=limit_of(len(sources[some[-1]]), random=random),
                return_scores=True,
                asynchronous=True,
            )
        ]
        for result in waiting:
            result.result()
        seconds[size] = CLOCK() - began
    return seconds


def quality(data: Path, folder: Path, sentences: int) -> dict[str, Any]:
    """Return chrF of mtqa (int8) and of float32 `generate`, bundled model, on XQuAD-R's sentences; evaluation only.

    `generate` takes them in slices; the scores so far are printed after each. The interval is that of the difference,
    from paired bootstrap samples of the sentences.
    """
    from mtqa.core.corpus import open_corpus
    from mtqa.translate.run import translate
    from mtqa.translate.settings import TranslateSettings

    sides = [
        json.loads((data / "lareqa" / "xquad-r" / f"{code}.json").read_text("utf-8"))["data"] for code in ("en", "de")
    ]
    pairs: list[tuple[str, str]] = []
    for english, german in zip(*([p for a in side for p in a["paragraphs"]] for side in sides), strict=True):
        if len(english["sentences"]) == len(german["sentences"]):
            pairs += zip(english["sentences"], german["sentences"], strict=True)
    pairs = pairs[:: max(1, len(pairs) // sentences)][:sentences]
    blank = {"passage_id": None, "passage": None, "title": None, "answers": [], "mt": None, "lang": "eng_Latn"}
    blank |= {"dataset": "xquad-r", "licence": "CC-BY-SA-4.0", "split": "test"}
    rows = [
        {**blank, "item_id": str(i), "question_id": str(i), "question": s.strip()} for i, (s, _) in enumerate(pairs)
    ]
    corpus = save(rows, folder / "quality")
    translate(corpus, TranslateSettings(to=[LANG], model="demo"), folder / "quality-de", memory=folder / "memory")
    made = [row["question"] for b in open_corpus(folder / "quality-de").batches(LANG) for row in b.to_pylist()]
    target, segments = prepared(corpus, "demo")
    plain: list[str] = []
    scores: dict[str, Any] = {}
    for start in range(0, len(segments), QUALITY_SLICE):
        some = segments[start : start + QUALITY_SLICE]
        _, whole = generate(target, some, by_length=False)
        rest = iter(whole)
        plain += [" ".join(next(rest) for _ in row[0]) for row in some]
        scores = chrf(made[: len(plain)], plain, [german for _, german in pairs[: len(plain)]])
        print(json.dumps({"chrf": scores}), flush=True)
    return scores


def chrf(made: list[str], plain: list[str], wanted: list[str]) -> dict[str, Any]:
    """Return both corpus scores, their difference (ours less theirs) and its 95 % interval."""
    import numpy as np
    from sacrebleu.metrics.chrf import CHRF

    metric = CHRF()
    counts = [np.array(metric._extract_corpus_statistics(texts, [wanted])) for texts in (made, plain)]

    def both(rows: np.ndarray) -> list[float]:
        return [float(metric._compute_score_from_stats(one[rows].sum(0).tolist()).score) for one in counts]

    ours_, theirs = both(np.arange(len(plain)))
    draw = np.random.default_rng(7)
    samples = [both(draw.integers(len(plain), size=len(plain))) for _ in range(SAMPLES)]
    interval = [round(float(end), 2) for end in np.quantile([a - b for a, b in samples], (0.025, 0.975))]
    result = {"sentences": len(plain), "mtqa": round(ours_, 2), "generate": round(theirs, 2)}
    return result | {"difference": round(ours_ - theirs, 2), "interval": interval}


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def tokens_of(target: Any, rows: list[list[list[str]]]) -> int:
    """Return the source tokens of all segments of rows, repetitions too."""
    return sum(target.tokens.count([s for row in rows for text in row for s in text]))


def one(name: str, corpus: Path, model: str, args: argparse.Namespace, *, random: bool) -> dict[str, Any]:
    """Measure one corpus with one model, trained or random."""
    target, rows = prepared(corpus, model)
    runs, bares = [], []
    best: int | None = None
    tried: dict[int, float] = {}
    for _ in range(args.repeats):  # in turn, so that a slow minute hurts both
        with tempfile.TemporaryDirectory() as folder, as_long_as_sources() if random else nullcontext():
            runs.append(ours(corpus, model, Path(folder)))
        times = bare(target, rows, args.sizes if best is None else [best], random=random)
        best = min(times, key=times.__getitem__)
        tried = tried or times
        bares.append(times[best])
    some = rows[: args.peer_rows if name == SHAPED else args.peer_rows * 4]
    a, _ = generate(target, some, by_length=False, random=random)
    b, _ = generate(target, some, by_length=True, random=random)
    mine, c = statistics.median(run["seconds"] for run in runs), statistics.median(bares)
    more = tokens_of(target, rows) / tokens_of(target, some)  # rows differ in length: the peers' time goes by tokens
    speed = {"mtqa": len(rows) / mine, "a": len(rows) / (a * more), "b": len(rows) / (b * more), "c": len(rows) / c}
    return {
        "rows": len(rows),
        "segments": sum(len(text) for row in rows for text in row),
        "distinct": runs[0]["counts"]["segments"],
        "answers": runs[0]["counts"]["answers"] | {"aligned": runs[0]["counts"]["aligned"]},
        "retried": runs[0]["counts"]["retried"],
        "mtqa_seconds": [round(run["seconds"], 2) for run in runs],
        "of_them_alignment": [round(run["alignment_seconds"], 3) for run in runs],
        "c_seconds": [round(s, 2) for s in bares],
        "c_seconds_by_batch_tokens": {size: round(s, 2) for size, s in tried.items()},
        "peer_rows": len(some),
        "rows_per_second": {k: round(v, 3) for k, v in speed.items()},
        "times": {k: round(speed["mtqa"] / speed[k], 2) for k in "abc"},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--peer-rows", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=["demo", "base"], help="demo, base (random), or any --model")
    parser.add_argument("--corpora", nargs="*", default=[SHAPED, *PLAIN])
    parser.add_argument("--sizes", type=int, nargs="+", default=[512, 1024, 2048, 4096])
    parser.add_argument("--quality", type=int, default=0, help="sentences of XQuAD-R to compare by chrF")
    parser.add_argument(
        "--processor-time", action="store_true", help="on a machine that others use: on one core, as the clock would be"
    )
    args = parser.parse_args()
    if args.processor_time:
        global CLOCK
        CLOCK = time.process_time
    results: dict[str, Any] = {"machine": f"{platform.machine()}, {cores()} cores"}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        if args.quality:
            results["chrf"] = quality(args.data, work, args.quality)
        if not args.corpora:
            return
        found = corpora(args.data, args.rows, work)
        for model in args.models:
            random = model == "base"
            path = str(random_marian(work / "base")) if random else model
            for name in args.corpora:
                results[f"{model} {name}"] = one(name, found[name], path, args, random=random)
                print(json.dumps({f"{model} {name}": results[f"{model} {name}"]}), flush=True)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
