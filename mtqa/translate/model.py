"""From a model's name to its files on this machine: bundled, a folder, or the Hub."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mtqa.bundled import MT_MODEL
from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint
from mtqa.core.languages import ENGLISH, get
from mtqa.core.progress import say

ALIASES = {
    "nllb-600m": "facebook/nllb-200-distilled-600M",
    "nllb-1.3b": "facebook/nllb-200-distilled-1.3B",
    "nllb-3.3b": "facebook/nllb-200-3.3B",
    "m2m-418m": "facebook/m2m100_418M",
    "madlad-3b": "google/madlad400-3b-mt",
}
OPUS = "opus-mt"
OPUS_GROUPS = {
    "bat": "lit lvs ltg",
    "bnt": "bem kik kin kmb kon lin lua lug nso nya run sna sot ssw swh tsn tso tum umb xho zul",
    "cel": "cym gle gla",
    "dra": "kan mal tam tel",
    "gmq": "dan fao isl nno nob swe",
    "gmw": "afr deu lim ltz nld ydd",
    "inc": "asm awa ben bho guj hin mag mai mar npi ory pan san sin snd urd",
    "itc": "ast cat fra fur glg ita lij lmo oci por ron scn spa srd vec",
    "sem": "amh arb heb mlt tir",
    "trk": "azj bak crh kaz kir tat tuk tur uig uzn",
    "zle": "bel rus ukr",
    "zls": "bos bul hrv mkd slv srp",
    "zlw": "ces pol slk szl",
}
"""ISO 639-5 groups for which OPUS-MT has models from English with several targets, by ISO 639-3 code."""
CONVERSION = 3
DEMO_LICENCE = "CC-BY-2.0-FR"  # Tatoeba's, from which it was trained
FAMILIES = {"marian": "Marian", "m2m_100": "NLLB or M2M-100", "t5": "MADLAD-400"}
TEXT_FILES = ("*.json", "*.spm", "*.model", "README.md")
OFFLINE = "translate with '--model demo' (German and Spanish, no download), or fill the Hub's cache on a machine with"
OFFLINE += " network (`hf download ID`), copy it here and set HF_HUB_OFFLINE=1"


@dataclass(frozen=True)
class ModelFiles:
    """A model's folder; `revision` is the Hub's commit, or the sha256 over the files of a local folder."""

    name: str
    path: Path
    revision: str
    family: str
    licence: str

    @property
    def label(self) -> str:
        """Name and short revision, as `mt.model` holds it."""
        return f"{self.name}@{self.revision[:12]}"


def cache_root() -> Path:
    """Return the folder for converted models and the default memory: $MTQA_CACHE or ~/.cache/mtqa."""
    return Path(os.environ.get("MTQA_CACHE") or Path.home() / ".cache" / "mtqa")


def find_model(name: str, lang: str, source: str = ENGLISH) -> ModelFiles:
    """Return the files of a model for one target and source language, downloading them where needed.

    Raises UsageError where there is no such model, where its folder lacks files or is of another architecture, and
    where the Hub cannot be reached.
    """
    if name == "demo":
        return replace(_local(MT_MODEL, "mtqa-demo"), licence=DEMO_LICENCE)
    if name == OPUS:
        return _opus(lang) if source == ENGLISH else _opus(source, back=True)
    path = Path(name).expanduser()
    if path.is_dir():
        return _local(path, path.resolve().name)
    if path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise UsageError(f"There is no model folder '{name}'.", where=name, next_step="correct --model")
    return _download(ALIASES.get(name, name))


def _local(path: Path, name: str) -> ModelFiles:
    config = check_folder(path)
    files = [p for p in sorted(path.iterdir()) if p.is_file() and p.name != "README.md"]
    hashes = {p.name: _sha256(p, p.stat().st_size, p.stat().st_mtime_ns) for p in files}
    return ModelFiles(name, path, fingerprint(hashes), config["model_type"], _licence(path, name))


@cache
def _sha256(path: Path, size: int, changed: int) -> str:
    """Return a file's hash, computed once: a model of gigabytes is asked for by every language."""
    return file_sha256(path)


def check_folder(path: Path) -> dict[str, Any]:
    """Return a model folder's config; raises UsageError naming what the folder lacks."""
    wanted = "config.json, model.safetensors (or pytorch_model.bin) and the tokenizer's files"
    next_step = "give another --model, or copy the model again"
    if not path.is_dir():
        raise UsageError("The model is not there.", where=path, expected=wanted, next_step=next_step)
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
        family = config["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError("The model has no readable config.json.", where=path, expected=wanted) from error
    if family not in FAMILIES:
        raise UsageError(
            f"A model of type '{family}' is not a translation model that mtqa knows.",
            where=path / "config.json",
            expected="model_type " + " or ".join(f"{k} ({v})" for k, v in FAMILIES.items()),
            next_step=next_step,
        )
    if not [*path.glob("*.safetensors"), *path.glob("pytorch_model*.bin")]:
        raise UsageError("The model folder has no weights.", where=path, expected=wanted, next_step=next_step)
    needed = ("source.spm", "target.spm", "vocab.json") if family == "marian" else ()
    missing = [name for name in needed if not (path / name).is_file()]
    if family == "t5" and not [*path.glob("*.model"), *path.glob("tokenizer.json")]:
        missing = ["spiece.model or tokenizer.json"]
    if family == "m2m_100" and not [*path.glob("*.model"), *path.glob("tokenizer.json")]:
        missing = ["tokenizer.json or sentencepiece.bpe.model"]
    if missing:
        raise UsageError(
            f"The model folder lacks {', '.join(missing)}.", where=path, expected=wanted, next_step=next_step
        )
    return dict(config)


def _opus(lang: str, *, back: bool = False) -> ModelFiles:
    """Return OPUS-MT's model for a pair with English: the language's own, else its group's, else that for all.

    Offline, the first of these that the cache has.
    """
    missing: UsageError | None = None
    language = get(lang)
    codes = list(dict.fromkeys(c for c in (language.iso1, *language.marian, language.iso3) if c and "_" not in c))
    groups = [group for group, members in OPUS_GROUPS.items() if language.iso3 in members.split()]
    pairs = [f"{code}-en" if back else f"en-{code}" for code in [*codes, *groups, "mul"]]
    tried = [f"Helsinki-NLP/opus-mt-{pair}" for pair in pairs]
    for name in tried:
        try:
            files = _download(name)
        except _NotOnHubError:
            continue
        except _NotInCacheError as error:
            missing = missing or error
            continue
        say(f"{lang}: opus-mt is {name}")
        return files
    if missing:
        raise missing
    raise UsageError(f"The Hub has no OPUS-MT model for {lang}.", where=", ".join(tried), next_step="try nllb-600m")


class _NotOnHubError(UsageError):
    """The Hub answers that there is no such model."""


class _NotInCacheError(UsageError):
    """The Hub is not to be asked, and the cache lacks the model."""


def _download(name: str) -> ModelFiles:
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        path = Path(snapshot_download(name, allow_patterns=[*TEXT_FILES, "*.safetensors"]))
        if not list(path.glob("*.safetensors")):
            path = Path(snapshot_download(name, allow_patterns=[*TEXT_FILES, "pytorch_model*.bin"]))
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise _NotOnHubError(
            f"There is no model '{name}': no folder here and none on the Hub.",
            where=name,
            expected="demo, opus-mt, nllb-600m, a folder, or a Hub id such as facebook/m2m100_418M",
            next_step="correct --model, or use '--model demo'",
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise (_NotInCacheError if constants.HF_HUB_OFFLINE else UsageError)(
            f"The model '{name}' is not in the offline cache and the Hub cannot be reached.",
            where=name,
            next_step=OFFLINE,
        ) from error
    config = check_folder(path)
    return ModelFiles(name, path, path.name, config["model_type"], _licence(path, name))


def _licence(path: Path, name: str) -> str:
    """Return the licence that the model card's header names, or "unknown"."""
    card = path / "README.md"
    if card.is_file():
        header = re.match(r"---\n(.*?)\n---", card.read_text(encoding="utf-8", errors="replace"), re.DOTALL)
        try:
            found = yaml.safe_load(header[1]).get("license") if header else None
        except (yaml.YAMLError, AttributeError):
            found = None
        if found:
            return str(found)
    return "CC-BY-NC-4.0" if "nllb" in name.lower() else "unknown"
