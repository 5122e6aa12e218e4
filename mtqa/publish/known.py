"""Licences of well-known models, for manifests that name a model but not its licence (from the models' Hub pages)."""

from __future__ import annotations

from fnmatch import fnmatchcase

MODEL_LICENCES = {
    "mtqa-demo": "CC-BY-2.0-FR",
    "facebook/nllb-200-*": "CC-BY-NC-4.0",
    "nllb-*": "CC-BY-NC-4.0",
    "facebook/m2m100_*": "MIT",
    "helsinki-nlp/opus-mt-tc-*": "CC-BY-4.0",
    "helsinki-nlp/opus-mt-*": "Apache-2.0",
    "opus-mt*": "Apache-2.0",
    "sentence-transformers/*": "Apache-2.0",
    "intfloat/multilingual-e5-*": "MIT",
    "baai/bge-m3": "MIT",
    "facebookai/xlm-roberta-*": "MIT",
    "xlm-roberta-*": "MIT",
    "google-bert/bert-base-multilingual-*": "Apache-2.0",
}


def model_licence(name: str) -> str:
    """Return the licence of a well-known model by its name (the first pattern that fits), or an empty string."""
    folded = name.strip().lower()
    return next((licence for pattern, licence in MODEL_LICENCES.items() if fnmatchcase(folded, pattern)), "")
