"""Bad input as a user meets it: one clear error, exit code 2 (before work) or 1 (failed work), nothing lost."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import NamedTuple

import pytest
from cli_world import Cli, contents


class Case(NamedTuple):
    """What is typed, and what must be said; `code` is 2 where the mistake is found before work starts."""

    name: str
    arguments: str
    fragments: tuple[str, ...]
    code: int = 2


CASES = [
    # collect: files
    Case("missing file", "collect faqs.jsonl --out x", ("faqs.jsonl",)),
    Case("near source name", "collect sqaud --out x", ("sqaud", "squad")),
    Case("unknown file type", "collect faq.docx --out x", ("faq.docx", "expected")),
    Case("wrong column", "collect faq.csv --map question=qu,passage=text --out x", ("'qu'", "faq.csv", "q, text")),
    Case("unknown field of --map", "collect faq.csv --map frage=q --out x", ("frage", "question")),
    Case("--map without =", "collect faq.csv --map question --out x", ("question=",)),
    Case("broken JSON line", "collect broken.jsonl --out x", ("broken.jsonl, line 3", "not valid JSON")),
    Case("line that is no object", "collect array.jsonl --out x", ("array.jsonl, line 2", "not a JSON object")),
    Case("broken JSON", "collect broken.json --out x", ("broken.json, line 1, column 11", "not valid JSON")),
    Case("CSV without header", "collect headerless.csv --out x", ("headerless.csv", "--map question=")),
    Case("ragged CSV", "collect ragged.csv --out x", ("ragged.csv, line 3", "3 cells", "question, passage")),
    Case("empty file", "collect empty.jsonl --out x", ("empty.jsonl", "no rows"), 1),
    Case("empty CSV", "collect empty.csv --out x", ("empty.csv", "no rows"), 1),
    Case("header only", "collect header-only.csv --out x", ("header-only.csv", "no rows"), 1),
    Case("benchmark without a name", "collect faq.jsonl --exclude '' --out x", ("'exclude.0' is ''", "at least 1")),
    Case("not UTF-8", "collect latin1.csv --out x", ("latin1.csv", "not UTF-8", "iconv")),
    Case("cut gzip", "collect cut.jsonl.gz --out x", ("cut.jsonl.gz", "damaged or cut off")),
    Case("cut Parquet file", "collect cut.parquet --out x", ("cut.parquet", "Parquet")),
    Case("negative limit", "collect faq.jsonl --limit -1 --out x", ("--limit", "greater")),
    Case("limit that is no number", "collect faq.jsonl --limit many --out x", ("--limit", "integer")),
    Case("unknown passage unit", "collect faq.jsonl --passage-unit word --out x", ("passage_unit", "sentence")),
    Case("unknown language of the data", "collect faq.jsonl --language Englsh --out x", ("Englsh", "English")),
    # output folders
    Case("foreign files in the output", "collect faq.jsonl --out foreign", ("foreign", "did not write", "--out")),
    Case("output is a file", "collect faq.jsonl --out faq.csv", ("faq.csv", "a folder")),
    Case("other settings", "collect faq.jsonl --limit 2 --out corpus", ("limit", "corpus", "--overwrite")),
    Case("output of another stage", "collect faq.jsonl --out shards --overwrite", ("build-shards", "--out")),
    Case("output of another recipe", "run recipe.yaml --out other-run", ("'other'", "'small'", "--out")),
    Case("foreign files in the run folder", "run recipe.yaml --out foreign", ("foreign", "--out")),
    # corpora
    Case("missing corpus", "filter corpsu --out x", ("corpsu", "no folder")),
    Case("groups of pairs", "filter --pairs p.jsonl --group all --out x", ("--group", "corpus")),
    Case("rescored pairs", "filter --pairs p.jsonl --rescore --out x", ("--rescore", "corpus")),
    Case("missing manifest", "filter unlisted --out x", ("unlisted", "_manifest.json")),
    Case("damaged manifest", "filter unreadable --out x", ("unreadable/_manifest.json", "cannot be read")),
    Case("manifest of a newer version", "filter newer --out x", ("newer", "schema_version", "upgrade")),
    Case("cut corpus", "filter cut --out x", ("cut/eng_Latn/train-00000.parquet", "damaged", "bytes")),
    Case("scrambled Parquet", "filter scrambled --out x", ("scrambled/eng_Latn/train-00000.parquet", "Parquet")),
    Case("shards to translate", "translate shards --to de --model demo --out x", ("shards", "build-shards", "collect")),
    Case("corpus to train", "train corpus --encoder demo --out x", ("corpus", "collect")),
    Case("corpus to inspect as shards", "inspect corpus --batch 1", ("corpus", "--batch", "build-shards")),
    Case("language of shards", "inspect shards --lang de", ("shards", "--lang", "collect")),
    # translate
    Case("unknown language", "translate corpus --to germna --model demo --out x", ("germna", "German", "deu_Latn")),
    Case("language not in the model", "translate corpus --to fr --model demo --out x", ("fra_Latn", "demo", "deu")),
    Case("English to English", "translate corpus --to en --model demo --out x", ("english is the source",)),
    Case("no language", "translate corpus --to , --model demo --out x", ("languag",)),
    Case("missing model folder", "translate corpus --to de --model ./mt --out x", ("./mt", "--model")),
    Case(
        "no config",
        "translate corpus --to de --model mt-without-config --out x",
        ("mt-without-config",),
    ),
    Case("broken config", "translate corpus --to de --model mt-unreadable --out x", ("mt-unreadable", "config.json")),
    Case("no weights", "translate corpus --to de --model mt-without-weights --out x", ("no weights", "safetensors")),
    Case("no tokenizer", "translate corpus --to de --model mt-without-tokenizer --out x", ("source.spm", "vocab.json")),
    Case("not an MT model", "translate corpus --to de --model mt-of-another-kind --out x", ("bert", "marian")),
    Case("Hub, offline", "translate corpus --to de --model nobody/nothing --out x", ("nobody/nothing", "--model demo")),
    Case("default model, offline", "translate corpus --to de --out x", ("nllb-200", "--model demo")),
    Case("unknown engine", "translate corpus --to de --model demo --engine fast --out x", ("engine", "ctranslate2")),
    Case("wrong column of a table", "translate faq.csv --map question=x --to de --model demo --out x", ("'x'", "q")),
    Case("--map for a corpus", "translate corpus --map question=q --to de --out x", ("--map", "a table")),
    Case("missing table", "translate faqs.csv --map question=q --to de --model demo --out x", ("faqs.csv",)),
    # filter
    Case("unknown check", "filter corpus --threshold passage.numbres=1 --out x", ("numbres", "numbers")),
    Case("threshold without =", "filter corpus --threshold numbers --out x", ("--threshold", "FIELD.CHECK=NUMBER")),
    Case("threshold no number", "filter corpus --threshold passage.numbers=much --out x", ("much", "number")),
    Case("missing profile", "filter corpus --profile strict.yaml --out x", ("strict",)),
    Case("unknown group", "filter corpus --group most --out x", ("most", "any")),
    # shards
    Case("alpha over 1", "build-shards corpus --alpha 2 --steps 1 --out x", ("--alpha", "1")),
    Case("steps and epochs", "build-shards corpus --steps 1 --epochs 1 --out x", ("--steps", "--epochs")),
    Case("neither steps nor epochs", "build-shards corpus --out x", ("--steps", "--epochs")),
    Case("one language for cross", "build-shards corpus --mode cross --steps 1 --out x", ("Cross", "--mode mono")),
    Case(
        "language not in the corpus",
        "build-shards corpus --languages de --mode mono --steps 1 --out x",
        ("deu_Latn",),
    ),
    Case("batch over the corpus", "build-shards corpus --mode mono --steps 1 --batch-size 900 --out x", ("900",)),
    # train
    Case("more steps than batches", "train shards --encoder demo --steps 9 --out x", ("3 batches", "9 steps")),
    Case("encoder without config", "train shards --encoder model-without-config --out x", ("config.json",)),
    Case("encoder without weights", "train shards --encoder model-without-weights --out x", ("weights",)),
    Case("pickled encoder", "train shards --encoder model-pickled --out x", ("pickle", "pytorch_model.bin", "next")),
    Case("encoder with code", "train shards --encoder model-with-code --out x", ("custom.Encoder", "expected")),
    Case("encoder cut off", "train shards --encoder model-cut --out x", ("model-cut", "cannot be opened")),
    Case("Hub, offline, train", "train shards --out x", ("xlm-roberta-base", "demo")),
    Case("unknown objective", "train shards --encoder demo --objective triplet --out x", ("objective", "infonce")),
    Case("device that is not there", "train shards --encoder demo --device cuda:7 --out x", ("cuda:7",)),
    Case("batch beyond the shards", "inspect shards --batch 99", ("99", "0 to 2")),
    # evaluate
    Case("no model", "evaluate --out x", ("model", "--vectors")),
    Case("no output", "evaluate demo", ("--out",)),
    Case("Hub, offline, evaluate", "evaluate nobody/nothing --out x", ("nobody/nothing", "demo")),
    Case("evaluate no config", "evaluate model-without-config --out x", ("config.json", "model-without-config")),
    Case("evaluate a pickle", "evaluate model-pickled --out x", ("pickle", "safetensors")),
    Case("evaluate a corpus", "evaluate corpus --out x", ("corpus", "config.json")),
    Case("evaluate model's code", "evaluate model-with-code --out x", ("custom.Encoder",)),
    Case("unknown benchmark", "evaluate demo --benchmark squad --out x", ("benchmark", "xquad-r")),
    Case("no sample of it", "evaluate demo --benchmark mlqa-r --out x", ("mlqa-r", "expected")),
    Case("folder without languages", "evaluate demo --data no-languages --out x", ("no-languages", "en.json")),
    Case("file that is no language", "evaluate demo --data no-language --out x", ("notes.json", "en.json")),
    Case("missing data folder", "evaluate demo --data lareqa --out x", ("lareqa", "en.json")),
    Case("language not in the data", "evaluate demo --languages en,ar --out x", ("arb_Arab", "deu_Latn")),
    Case(
        "vectors of a wrong shape",
        "evaluate --vectors vectors.npz --out x",
        ("(3, 4)", "--write-texts"),
    ),
    Case("missing vectors", "evaluate --vectors vector.npz --out x", ("vector.npz", ".npz")),
    Case("vectors that are none", "evaluate --vectors faq.csv --out x", ("faq.csv", ".npz")),
    # publish
    Case("unknown licence", "publish dataset corpus --repo me/x --dry-run --out x", ("licence", "unknown", "next")),
    Case("publish a model folder as data", "publish dataset model-cut --repo me/x --dry-run --out x", ("model-cut",)),
    Case("publish shards as a model", "publish model shards --repo me/x --dry-run --out x", ("shards", "train")),
    Case("wrong repo name", "publish dataset corpus --repo a/b/c --dry-run --out x", ("a/b/c",)),
    # run
    Case("missing recipe", "run recipes.yaml --out x", ("recipes.yaml", "YAML")),
    Case("recipe not YAML", "run not-yaml.yaml --out x", ("not-yaml.yaml:2", "YAML")),
    Case("recipe is a list", "run list.yaml --out x", ("list.yaml", "key: value")),
    Case("unknown key", "run unknown-key.yaml --out x", ("unknown-key.yaml", "translate.beam", "'beam_size'")),
    Case("wrong type", "run wrong-type.yaml --out x", ("wrong-type.yaml", "collect.limit", "'many'", "integer")),
    Case("missing key", "run missing-key.yaml --out x", ("missing-key.yaml", "evaluate", "missing")),
    Case("wrong value in an arm", "run bad-arm.yaml --out x", ("arm hybrid", "'alpha'", "1")),
    Case("unknown arm", "run unknown-arm.yaml --out x", ("english", "mono, hybrid")),
    Case("unknown language in a recipe", "run unknown-language.yaml --out x", ("translate.to", "germna", "German")),
    Case("a table as recipe", "run faq.parquet --out x", ("faq.parquet", "YAML")),
    # looking
    Case("status of nothing", "status runs/none", ("runs/none",)),
    Case("status of a corpus", "status corpus", ("corpus", "run")),
    Case("report of a corpus", "report corpus", ("corpus", "run")),
    Case("inspect nothing", "inspect nothing", ("nothing",)),
    Case("inspect a language that is not there", "inspect corpus --lang de", ("deu_Latn", "eng_Latn")),
    Case("unknown language to list", "languages klingon", ("klingon", "mtqa languages")),
    Case("unknown source", "sources sqaud", ("sqaud", "squad")),
    # usage
    Case("unknown command", "colect faq.csv", ("'colect'", "'collect'", "mtqa --help")),
    Case("unknown option", "collect faq.csv --limt 3 --out x", ("--limt", "--limit", "mtqa collect --help")),
    Case("missing argument", "collect", ("sources", "mtqa collect --help")),
    Case("missing option", "collect faq.csv", ("--out", "mtqa collect --help")),
    Case("wrong choice", "build-shards corpus --mode all --steps 1 --out x", ("--mode", "'mono', 'cross', 'hybrid'")),
    Case("what is published", "publish models corpus --repo me/x", ("models", "dataset")),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_clear_error(case: Case, world: Path, cli: Cli) -> None:
    before = contents(world)
    ended = cli(case.arguments)
    assert ended.code == case.code, ended.err
    assert ended.out == ""
    assert ended.err.startswith("error: ")
    assert ended.err.count("error: ") == 1
    assert all(line.startswith(("  where: ", "  expected: ", "  next: ")) for line in ended.err.splitlines()[1:])
    assert "  expected: " in ended.err or "  next: " in ended.err
    assert "Traceback" not in ended.err and "Unexpected" not in ended.err
    for fragment in case.fragments:
        assert fragment in ended.err
    assert contents(world) == before


def test_a_path_without_permission_is_bad_input(world: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "corpus/_manifest.json")

    monkeypatch.setattr(Path, "read_text", refuse)  # as root, who runs these tests in containers, may read all
    ended = cli("filter corpus --out x")
    assert ended.code == 2
    assert ended.err == (
        "error: Permission denied.\n  where:    corpus/_manifest.json\n"
        "  next:     give another path, or change who may read or write this one\n"
    )
