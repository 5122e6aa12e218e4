"""Opening encoders: from safetensors only, by an allow-list of classes, never running a model's own code.

Light to import: torch is loaded only when an encoder is opened.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mtqa.core.encoder_files import DEMO, OURS, files_fingerprint, find_folder, read_modules, saved_config
from mtqa.core.errors import UsageError
from mtqa.core.hashing import canonical_json
from mtqa.core.quiet import quiet_transformers

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def load_encoder(name_or_path: str, device: str = "cpu") -> SentenceTransformer:
    """Open an encoder in float32 on `device`.

    `name_or_path` is "demo" (the pip package's Universal Sentence Encoder as a torch module), a folder
    (sentence-transformers, or plain transformers, which gets mean pooling), or a Hub id, `owner/name` or
    `owner/name@revision`. Raises UsageError where it cannot be had, is incomplete, would need a pickle or code of its
    own, or holds a class outside sentence_transformers and mtqa.
    """
    folder = None if name_or_path == DEMO else find_folder(name_or_path)
    try:
        with _quiet_and_seeded():
            if folder is None:
                return _open_demo(device)
            model = _open_folder(folder, device)
            _keep_to_positions(model)
            return model
    except UsageError:
        raise
    except Exception as error:  # whatever transformers, safetensors or torch make of a broken folder or device
        raise UsageError(
            f"The encoder cannot be opened: {type(error).__name__}: {_first_line(error)}",
            where=f"{folder or name_or_path} on the device {device}",
            expected="a sentence-transformers or transformers model with safetensors weights, and a device that exists",
            next_step="copy the model again, or choose another one or another --device",
        ) from error


def model_fingerprint(model: str | SentenceTransformer) -> str:
    """Return what changes when the encoder's vectors may change.

    For "demo" and folders the sha256 of the contents, for a Hub id `name@commit` (milliseconds, no torch), for an open
    model the sha256 of its weights, prompts and modules. Raises UsageError for a name that cannot be had.
    """
    return files_fingerprint(model) if isinstance(model, str) else _fingerprint_of_weights(model)


def _open_demo(device: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    from mtqa.core.demo_encoder import DemoEncoder

    return SentenceTransformer(modules=[DemoEncoder.from_package()], device=device, similarity_fn_name="cosine")


def _open_folder(folder: Path, device: str) -> SentenceTransformer:
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    safe = {"trust_remote_code": False, "local_files_only": True}
    weights = {"use_safetensors": True, "dtype": torch.float32}
    modules = read_modules(folder)
    if modules is None:
        reader = Transformer(str(folder), model_kwargs=safe | weights, processor_kwargs=safe, config_kwargs=safe)
        pooling = Pooling(reader.get_embedding_dimension(), "mean")
        return SentenceTransformer(modules=[reader, pooling], device=device)
    if not any(module["type"] in OURS for module in modules):
        return SentenceTransformer(
            str(folder), device=device, model_kwargs=weights, trust_remote_code=False, local_files_only=True
        )
    config = saved_config(folder)
    return SentenceTransformer(
        modules=[
            _class(module["type"]).load(str(folder), subfolder=module["path"], local_files_only=True)
            for module in modules
        ],
        device=device,
        prompts=config.get("prompts"),
        default_prompt_name=config.get("default_prompt_name"),
        similarity_fn_name=config.get("similarity_fn_name"),
        truncate_dim=config.get("truncate_dim"),
    )


def _keep_to_positions(model: SentenceTransformer) -> None:
    """Cut texts where the model's positions end: RoBERTa's begin after the padding index, which few tokenisers know."""
    transformer = model.transformers_model
    positions = getattr(getattr(transformer, "config", None), "max_position_embeddings", None)
    if transformer is None or positions is None or model.max_seq_length is None:
        return
    for part in transformer.modules():
        padding = getattr(part, "padding_idx", None)
        if isinstance(padding, int) and hasattr(part, "position_embeddings"):
            positions -= padding + 1
            break
    model.max_seq_length = min(model.max_seq_length, positions)


def _class(reference: str) -> Any:
    module, _, name = reference.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")


@contextmanager
def _quiet_and_seeded() -> Iterator[None]:
    """Silence transformers' bars and reports; seed what a checkpoint lacks (an unused pooler) without a trace."""
    import torch

    with quiet_transformers(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def _fingerprint_of_weights(model: SentenceTransformer) -> str:
    import torch

    digest = hashlib.sha256(canonical_json([[type(m).__qualname__ for m in model], dict(model.prompts)]).encode())
    for name, tensor in sorted(model.state_dict().items()):
        array = tensor.detach().cpu().contiguous()
        digest.update(canonical_json([name, str(array.dtype), list(array.shape)]).encode())
        digest.update(array.flatten().view(dtype=torch.uint8).numpy().tobytes())
    return digest.hexdigest()
