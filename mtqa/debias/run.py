"""The debias stage: estimate corrections from parallel rows, write the corrected model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mtqa import __version__
from mtqa.core.errors import UsageError
from mtqa.core.lineage import model_lineage, model_manifest, model_name
from mtqa.core.manifest import Manifest
from mtqa.core.output import Work, building, guard, up_to_date
from mtqa.core.progress import say
from mtqa.debias import parallel
from mtqa.debias.settings import DebiasSettings

STAGE, VERSION = "debias", 1


def debias(model: str, folder: Path, settings: DebiasSettings, out: Path, *, overwrite: bool = False) -> Manifest:
    """Write `model` (name, folder or 'demo') with a correction a language into `out`; texts are from `folder`.

    The manifest's counts hold the number of items and the mean distance of the languages' mean vectors to English's,
    before and after, on the very texts of the estimate. Raises UsageError for a wrong model or wrong texts.
    """
    from mtqa.core.encode import encode_texts, load_encoder, model_fingerprint

    inputs = {"model": model_fingerprint(model), "parallel": parallel.fingerprint_of(folder)}
    record = settings.model_dump(mode="json", exclude={"device"})
    work = Work(STAGE, VERSION, record, inputs)
    done = up_to_date(out, work)
    if done is not None:
        say(f"{out}: up to date")
        return done
    guard(out, work, overwrite=overwrite)
    texts = parallel.read(folder, settings.limit, settings.seed)
    encoder = load_encoder(model, device=settings.device)
    if encoder.truncate_dim is not None:
        raise UsageError("The model's vectors are truncated.", where=model, expected="a model without truncate_dim")
    dimension = encoder.get_embedding_dimension() or 0
    if settings.method == "project" and settings.rank >= dimension:
        raise UsageError(
            f"Without {settings.rank} directions nothing is left of vectors of {dimension} dimensions.",
            where="rank",
            expected=f"less than {dimension}",
        )
    vectors = {
        lang: encode_texts(encoder, lines, "document", label=f"encoding {lang}") for lang, lines in texts.items()
    }
    with building(out, work, overwrite=overwrite) as build:
        counts = _write(encoder, vectors, settings, build.path)
        return build.finish(
            {"all": build.record_rest(work.fingerprint)},
            counts=counts,
            licences=_licences(model, folder),
            info={
                "encoder": model_name(model),
                "languages": sorted(vectors),
                "mtqa": __version__,
                **model_lineage(model),
            },
        )


def _write(encoder: Any, vectors: dict[str, Any], settings: DebiasSettings, folder: Path) -> dict[str, Any]:
    from mtqa.core.quiet import quiet_transformers
    from mtqa.debias.estimate import distance, estimate
    from mtqa.debias.model import corrected

    maps = estimate(vectors, settings.method, settings.rank)
    with quiet_transformers():
        corrected(encoder, maps).save_pretrained(str(folder), create_model_card=False)
    return {
        "items": len(next(iter(vectors.values()))),
        "distance_before": round(distance(vectors), 6),
        "distance_after": round(distance(vectors, maps), 6),
    }


def _licences(model: str, folder: Path) -> list[str]:
    found = [model_manifest(name) for name in (model, str(folder))]
    return [licence for manifest in found if manifest is not None for licence in manifest.licences]
