"""A folder in which the commands of the pages run: small stand-ins under the names that the pages use."""

from __future__ import annotations

import gzip
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from collection_folders import afriqa, beir, miracl
from small_run import permissive
from typer.testing import CliRunner

from mtqa.bundled import XQUAD_SAMPLE
from mtqa.cli.app import app

SMALLER = {
    r"nllb-600m": "demo",
    r"intfloat/multilingual-e5-base|FacebookAI/xlm-roberta-base": "demo",
    r"--to [\w,]*de[\w,]*": "--to de,es",
    r"--steps \d+": "--steps 2",
    r"--languages ar,de,en,es,ru,tr,zh": "--languages de,en,es",
    r",spbleu": "",  # its tokenizer is a download
    r"^mtqa (build-shards .*)": r"mtqa \1 --batch-size 4",
    r"^mtqa (filter translated .*)": r"mtqa \1 --profile profile.yaml",
    r"^mtqa (train .*)": r"mtqa \1 --steps 2",
}
"""What a page's command becomes: a model at hand, fewer steps, batches that twenty items can fill."""

TABLE = "q,text,context,question,answer\n" + "".join(
    f"How high is {name}?,{text},{text},Who built {name}?,the king\n"
    for name in ("Kall", "Ur", "Nesse", "Brod")
    for text in (f"The tower of {name} is forty metres high. It was built by the king.",)
)


def run(command: str) -> str:
    """Run one `mtqa` command line as a page prints it, made smaller, and return what it prints."""
    command = command.partition("  #")[0].strip()
    for pattern, replacement in SMALLER.items():
        command = re.sub(pattern, replacement, command)
    done = CliRunner().invoke(app, shlex.split(command)[1:])
    assert done.exit_code == 0, f"{command}: {done.output} {done.exception!r}"
    return done.output


def build(folder: Path) -> None:
    """Write the stand-ins into `folder`, which is the working directory; a translated corpus takes the longest."""
    for name in ("faq.csv", "questions.csv"):
        Path(name).write_text(TABLE, encoding="utf-8")
    permissive(folder)
    run("mtqa collect sample --limit 30 --passage-unit sentence --out corpus")
    run("mtqa translate corpus --to de,es --model demo --beam-size 1 --out translated")
    run("mtqa filter translated --out filtered")
    run("mtqa build-shards filtered --mode hybrid --alpha 0.5 --epochs 1 --out shards")
    for benchmark in ("xquad-r", "mlqa-r"):
        data = Path("lareqa", benchmark)
        data.mkdir(parents=True)
        for path in XQUAD_SAMPLE.glob("*.json.gz"):
            content = json.loads(gzip.decompress(path.read_bytes()))
            content["data"] = content["data"][:1]
            (data / path.stem).write_text(json.dumps(content), encoding="utf-8")
    shutil.copytree("lareqa/xquad-r", "xquad-r")
    beir(Path("beir/scifact"))
    miracl(Path("miracl"))
    afriqa(Path("afriqa"))
    Path("qrels.trec").write_text("q1 0 d1 1\nq2 0 d3 1\n", encoding="utf-8")
    Path("run.trec").write_text("q1 Q0 d1 1 0.5 x\nq2 Q0 d1 1 0.7 x\n", encoding="utf-8")
    english, german = (pq.read_table(f"translated/{lang}").to_pylist() for lang in ("eng_Latn", "deu_Latn"))
    lines = ["id\tsource\ttranslation\tlang\tfield"]
    for number in range(300):  # calibration wants some hundred
        place = number % len(english)
        texts = f"{english[place]['question']} {number}\t{german[place]['question']} {number}"
        lines.append(f"{number}\t{texts}\tde\tquestion")
    for name in ("pairs.tsv", "reviewed.tsv"):
        Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("hypotheses.txt", "references.txt"):
        Path(name).write_text("Wie geht es?\nGut.\n", encoding="utf-8")
    shutil.copytree("translated", "references")
    Path("flores").mkdir()
    for name, rows in (("en", english), ("de", german)):
        texts = [row["question"] for row in rows[: min(len(english), len(german))]]
        Path("flores", f"{name}.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")


def vectors() -> None:
    """Write random unit vectors for the texts that `--write-texts` wrote, as a user's own model would."""
    roles = pq.read_table("texts.parquet", columns=["role"]).column(0).to_pylist()
    made = np.random.default_rng(1).normal(size=(len(roles), 8)).astype(np.float32)
    queries = np.array([role == "query" for role in roles])
    np.savez("vectors.npz", queries=made[queries], candidates=made[~queries])
