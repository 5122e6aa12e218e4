"""build-shards: from parallel corpora to a folder of batches, byte for byte the same for the same seed and recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mtqa.core.corpus import open_corpus
from mtqa.core.errors import UsageError
from mtqa.core.lineage import lineage
from mtqa.core.manifest import Manifest
from mtqa.core.output import Work, building, up_to_date
from mtqa.core.progress import say
from mtqa.core.shardfile import SHARD_STAGE
from mtqa.shards.choice import choose
from mtqa.shards.compose import plan_batches
from mtqa.shards.gather import write_batches
from mtqa.shards.index import Source, read_index, text_bytes
from mtqa.shards.negatives import open_mined, read_negatives
from mtqa.shards.pairs import with_codes
from mtqa.shards.settings import ShardSettings
from mtqa.shards.stats import composition

VERSION = 3


def build_shards(
    corpora: Sequence[Path],
    settings: ShardSettings,
    out: Path,
    *,
    negatives: Path | None = None,
    overwrite: bool = False,
) -> Manifest:
    """Compose batches from finished corpora and write them to `out`; the manifest's counts say what they hold.

    Corpora are joined: an item that several hold counts once. `negatives` is a folder that mine wrote. Raises
    UsageError for corpora, languages or sizes that allow no batch, and where `out` holds something else; MtqaError
    where writing fails.
    """
    if not corpora:
        raise UsageError("No corpus is given.", expected="one folder or more, written by collect, translate or filter")
    opened = [open_corpus(path) for path in corpora]
    settings = with_codes(settings, {lang for corpus in opened for lang in corpus.languages})
    inputs = {f"corpus-{number}": corpus.manifest.content for number, corpus in enumerate(opened)}
    mined = None if negatives is None else open_mined(negatives)
    if mined is not None:
        inputs["negatives"] = mined.content
    work = Work(SHARD_STAGE, VERSION, settings.record(), inputs)
    done = up_to_date(out, work)
    if done is not None:
        say(f"{out}: up to date")
        return done
    with building(out, work, overwrite=overwrite) as build:
        index = read_index(opened, settings.split)
        source = Source(opened, settings.split, text_bytes(opened, settings.split))
        hard = None
        if mined is not None and negatives is not None:
            hard = read_negatives(negatives, mined, index.ids[0], source, settings.negatives_per_pair)
        choice = choose(index, settings)
        plan = plan_batches(index, choice, settings)
        counts = composition(plan, index, choice, settings)
        rows = write_batches(plan, index, source, build.path, hard)
        if hard is not None:
            counts["pairs_by_negatives"] = hard.counts()
        return build.finish(
            {"all": build.record_part(work.fingerprint, rows)},
            counts=counts,
            licences=[licence for corpus in opened for licence in corpus.manifest.licences],
            info={"languages": plan.languages, "lineage": [one for c in opened for one in lineage(c.manifest)]},
        )
