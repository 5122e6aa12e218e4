"""The model card (README.md): YAML with `model-index` for the Hub, and what a user has to know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mtqa.core.languages import get
from mtqa.core.schema import ENGLISH
from mtqa.publish.citation import citation
from mtqa.publish.facts import hub_languages
from mtqa.publish.markdown import code, escape, fence, front_matter, listing, table
from mtqa.publish.merge import marked
from mtqa.publish.model_facts import ModelFacts
from mtqa.publish.scores import model_index, results_table
from mtqa.publish.sections import FILES, licence_keys, licence_text, source_table
from mtqa.publish.settings import PublishSettings


def model_card(facts: ModelFacts, settings: PublishSettings) -> str:
    """Return README.md."""
    sections = [
        ("", _summary(facts)),
        ("How to use it", _use(facts, settings)),
        ("Results", _results(facts)),
        ("Training data", _data(facts)),
        ("Training", _training(facts)),
        ("Licence", licence_text(facts.verdict, settings, facts.translator, model=True)),
        ("Known limits", _limits(facts)),
        ("Files and checksums", FILES),
        ("Citation", citation(facts.sources)),
    ]
    body = "\n\n".join(f"## {title}\n\n{text}" if title else text for title, text in sections if text)
    return front_matter(metadata(facts, settings)) + f"\n# {escape(settings.shown_title)}\n\n{marked(body)}\n"


def metadata(facts: ModelFacts, settings: PublishSettings) -> dict[str, Any]:
    """Return the YAML keys of a model card as the Hub defines them (hub-docs, modelcard.md)."""
    return {
        "language": hub_languages(facts.languages),
        **licence_keys(facts.verdict),
        "library_name": "sentence-transformers",
        "pipeline_tag": "sentence-similarity",
        "tags": ["mtqa", "sentence-transformers", "sentence-similarity", "retrieval", "multilingual"],
        "base_model": facts.encoder.name if _on_hub(facts.encoder.name) else None,
        "model-index": model_index(settings.name, facts.results),
    }


def _on_hub(name: str) -> bool:
    return name.count("/") == 1 and " " not in name


def _summary(facts: ModelFacts) -> str:
    names = listing([get(lang).name for lang in facts.languages])
    size = f"vectors of {facts.dimension} numbers" if facts.dimension else "vectors"
    text = (
        f"A dual encoder for retrieval: it turns questions and passages into {size} whose {_measure(facts)} says how "
        "well a passage answers a question, also where the two are in different languages. It is "
        f"{code(facts.encoder.name)}"
    )
    if facts.training.get("counts", {}).get("steps") == 0:
        return f"{text} as it is: nothing was trained."
    text += ", trained further on question–passage pairs" + (f" in {names}." if names else ".")
    if facts.translator and any(lang != ENGLISH for lang in facts.languages):
        text += f" The pairs that are not English were machine-translated with {facts.translator.named()}."
    return text


def _measure(facts: ModelFacts) -> str:
    return "dot product" if facts.by_dot_product else "cosine"


def _use(facts: ModelFacts, settings: PublishSettings) -> str:
    if facts.own_modules:
        opening = [
            "from sentence_transformers import SentenceTransformer",
            "",
            f'model = SentenceTransformer("{settings.repo}")',
        ]
        intro = "With `pip install sentence-transformers`:"
    else:
        opening = ["from mtqa import load_encoder", "", f'model = load_encoder("{settings.repo}")']
        intro = (
            "The encoder is a module of mtqa, which plain `SentenceTransformer(…)` opens only with "
            "`trust_remote_code`. With `pip install mtqa` it opens without running code from the repository:"
        )
    option = "" if facts.by_dot_product else ", normalize_embeddings=True"
    lines = [
        *opening,
        f'queries = model.encode_query(["Wie hoch ist der Eiffelturm?"]{option})',
        "passages = model.encode_document(",
        f'    ["The Eiffel Tower is 330 metres tall.", "Paris is the capital of France."]{option}',
        ")",
        "print(queries @ passages.T)",
    ]
    return f"{intro}\n\n" + fence("\n".join(lines), "python") + "\n\n" + _prompts(facts.prompts)


def _prompts(prompts: Mapping[str, str]) -> str:
    shown = {name: text for name, text in sorted(prompts.items()) if text}
    if not shown:
        return "The model uses no prompts: queries and passages are encoded as they are."
    rows = [[code(name), code(repr(text))] for name, text in shown.items()]
    text = "`encode_query` and `encode_document` put the model's prompts in front, as in training:"
    return f"{text}\n\n" + table(["role", "prompt"], rows)


def _results(facts: ModelFacts) -> str:
    if not facts.results:
        return "No evaluation was given when this card was made."
    text = "Intervals are bootstrap intervals over questions, all languages of a question drawn together."
    if not all(result.collection for result in facts.results):
        settings = (
            "Mo: queries and candidates in one language. Cr: in two different ones. Mul: candidates of all languages"
        )
        text = f"{settings} in one pool. {text}"
    return f"{text}\n\n" + results_table(facts.results)


def _data(facts: ModelFacts) -> str:
    text = source_table(facts.sources)
    if facts.translator:
        text += f"\n\nTranslated sentence by sentence with {facts.translator.named_with_revisions()}."
    settings = dict(facts.shards.get("settings", {}))
    if settings.get("mode") != "hybrid":
        settings.pop("alpha", None)
    if settings.get("sampling") != "temperature":
        settings.pop("temperature", None)
    batches = _pairs(settings)
    return text + (f"\n\nBatches:\n\n{batches}" if batches else "")


def _training(facts: ModelFacts) -> str:
    settings = _pairs(facts.training.get("settings", {}))
    start = f"Started from {code(facts.encoder.name)}"
    start += f", revision {code(facts.encoder.revision)}" if facts.encoder.revision else ""
    start += f" ({escape(facts.encoder.licence or 'licence unknown')})"
    counts = facts.training.get("counts", {})
    if {"steps", "pairs", "tokens"} <= counts.keys():
        start += f". Steps: {counts['steps']:,}; pairs: {counts['pairs']:,}; tokens: {counts['tokens']:,}"
    return f"{start}.\n\n{settings}".rstrip()


def _pairs(values: Mapping[str, Any]) -> str:
    """Return settings as a table; what was not set is left out."""
    rows = [
        [escape(name.replace("_", " ")), code(", ".join(map(str, v)) if isinstance(v, list) else v)]
        for name, v in sorted(values.items())
        if v not in (None, [], {}, "")
    ]
    return table(["setting", "value"], rows) if rows else ""


def _limits(facts: ModelFacts) -> str:
    lines = [
        "The figures hold for their benchmarks (Wikipedia paragraphs, questions by annotators); other texts can give "
        "other figures, and languages outside the training data were not looked at unless a table above names them.",
        f"A high {_measure(facts)} means similar, not true: the model does not know whether a passage is right.",
        "It prefers some languages over others in a mixed pool"
        + ("; the bias above says how much." if facts.results else "."),
    ]
    if facts.translator:
        lines.insert(
            1,
            "It has learned from machine translations whose errors of meaning (negation, names, offensive words) no "
            "filter removed.",
        )
    return "\n".join(f"- {line}" for line in lines)
