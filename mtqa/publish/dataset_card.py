"""The data set card (README.md): YAML for the Hub, and what a reader has to know before using the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mtqa.core.corpus import SPLITS
from mtqa.core.languages import get
from mtqa.core.schema import ENGLISH
from mtqa.publish.citation import citation
from mtqa.publish.dataset_facts import DatasetFacts, metadata
from mtqa.publish.layout import PROVENANCE
from mtqa.publish.markdown import code, escape, fence, front_matter, listing, table
from mtqa.publish.merge import marked
from mtqa.publish.parallel import NAME as PARALLEL
from mtqa.publish.samples import render
from mtqa.publish.sections import FILES, licence_text, source_table
from mtqa.publish.settings import PublishSettings


def dataset_card(facts: DatasetFacts, settings: PublishSettings) -> str:
    """Return README.md."""
    sections = [
        ("", _summary(facts, settings)),
        ("How to load it", _loading(facts, settings)),
        ("Languages and sizes", _sizes(facts)),
        ("How it was made", _making(facts)),
        ("Sources", source_table(facts.sources)),
        ("Licence", licence_text(facts.verdict, settings, facts.translator)),
        ("What the filter kept and dropped", _filtering(facts)),
        ("Samples", _samples(facts)),
        ("Columns", COLUMNS),
        ("Known limits", _limits(facts)),
        ("Files and checksums", FILES),
        ("Citation", citation(facts.sources)),
    ]
    body = "\n\n".join(f"## {title}\n\n{text}" if title else text for title, text in sections if text)
    return front_matter(metadata(facts, settings)) + f"\n# {escape(settings.shown_title)}\n\n{marked(body)}\n"


def _summary(facts: DatasetFacts, settings: PublishSettings) -> str:
    names = listing([get(lang).name for lang in facts.rows])
    text = f"Questions, passages and answers in {names}: {facts.total:,} rows."
    if len(facts.rows) > 1:
        text += " Rows with the same `item_id` say the same in different languages"
        text += "; not every item is there in every language." if facts.filtered else "."
    if facts.translated:
        text += (
            f"\n\n**All rows but the English ones are machine translations** by {facts.translator.named()}; no "
            "person has checked them. They are meant for training retrievers and readers, not for evaluation and not "
            "as examples of good language."
        )
    return text


def _loading(facts: DatasetFacts, settings: PublishSettings) -> str:
    langs = list(facts.rows)
    lang = next((i for i in langs if i != ENGLISH), langs[0])
    split = next(iter(facts.rows[lang]))
    lines = [
        "from datasets import load_dataset",
        "",
        f'rows = load_dataset("{settings.repo}", "{lang}", split="{split}")',
        'print(rows[0]["question"])',
    ]
    if lang != ENGLISH and split in facts.rows.get(ENGLISH, {}):
        lines += [
            "",
            "# the same items in English",
            f'english = load_dataset("{settings.repo}", "{ENGLISH}", split="{split}")',
            'by_item = {row["item_id"]: row for row in english}',
            'pairs = [(by_item[row["item_id"]], row) for row in rows if row["item_id"] in by_item]',
        ]
    intro = "Each language is a configuration of its own."
    if facts.parallel.rows:
        intro += (
            f" The configuration `{PARALLEL}` has one row an item instead, with a field a language in `question`, "
            "`passage` and `answers`; a language that lacks the item is null."
        )
    return f"{intro}\n\n" + fence("\n".join(lines), "python")


def _sizes(facts: DatasetFacts) -> str:
    splits = [s for s in SPLITS if any(s in counts for counts in facts.rows.values())]
    rows = [
        [escape(get(lang).name), code(lang), *(f"{counts.get(s, 0):,}" for s in splits)]
        for lang, counts in facts.rows.items()
    ]
    if facts.parallel.rows:
        rows.append(["side by side", code(PARALLEL), *(f"{facts.parallel.rows.get(s, 0):,}" for s in splits)])
    return table(["language", "configuration", *splits], rows)


def _making(facts: DatasetFacts) -> str:
    names = listing([escape(s.name) for s in facts.sources])
    steps = [f"Questions with passages and answers were collected from {names or 'the sources below'}"]
    steps[0] += f"{_collected(facts.collect_run)}."
    if facts.translated:
        model = facts.translator
        text = (
            f"Questions, passages and answers were translated sentence by sentence with {model.named_with_revisions()}"
        )
        details = [f"{escape(k.replace('_', ' '))} {code(v)}" for k, v in model.decoding.items()]
        text += f" ({', '.join(details)})." if details else "."
        if model.placed:
            shares = [f"{get(lang).name} {share:.1%}" for lang, share in model.placed.items()]
            text += f" Answers whose place in the translated passage was found: {listing(shares)}."
        steps.append(text)
    if facts.filtered:
        steps.append(
            f"Rows that failed a check were dropped (profile {code(facts.filter_run['settings'].get('profile', ''))}); "
            f"the tables below say how many and why, `{PROVENANCE}` has the thresholds."
        )
    text = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return f"{text}\n\nSettings and counts of every stage are in `{PROVENANCE}`."


def _collected(run: Mapping[str, Any]) -> str:
    """Return what became of the sources' rows: `: 300 of 7,938 rows (left out: limit 7,638)`."""
    counts, text = run["counts"], ""
    if {"read", "kept", "dropped"} <= counts.keys():
        text = f": {counts['kept']:,} of {counts['read']:,} rows"
        dropped = [f"{escape(reason.replace('_', ' '))} {n:,}" for reason, n in sorted(counts["dropped"].items())]
        text += f" (left out: {', '.join(dropped)})" if dropped else ""
    if run["settings"].get("passage_unit") == "sentence":
        text += "; a passage is the one sentence in which the answer begins"
    return text


def _filtering(facts: DatasetFacts) -> str:
    if not facts.filtered:
        return "No filter was run: **every translation is in, the broken ones too.**" if facts.translated else ""
    counts = dict(sorted(facts.filtered.items(), key=lambda entry: (entry[0] != ENGLISH, entry[0])))
    rows = [
        [code(lang), f"{f.rows_in:,}", f"{f.kept:,}", f"{f.dropped:,}", f"{f.dropped / max(f.rows_in, 1):.1%}"]
        for lang, f in counts.items()
    ]
    text = table(["language", "rows in", "kept", "dropped", "share"], rows)
    reasons = sorted({reason for f in counts.values() for reason in f.reasons})
    if reasons:
        failed = [lang for lang, f in counts.items() if f.reasons]
        lines = [[code(reason), *(f"{counts[lang].reasons.get(reason, 0):,}" for lang in failed)] for reason in reasons]
        text += (
            "\n\nRows that failed each check; a row can fail several, so a column can add up to more than its "
            "language's dropped rows.\n\n" + table(["check", *map(code, failed)], lines)
        )
    unfitted = facts.filter_run.get("info", {}).get("unfitted", [])
    if unfitted:
        names = listing([get(lang).name for lang in unfitted])
        text += f"\n\nFor {names} there was no parallel data to fit the length check to: its bounds are wide there."
    return text


def _samples(facts: DatasetFacts) -> str:
    if not facts.samples:
        return ""
    intro = "Drawn by the hash of the item, not chosen by hand; passages are cut for display."
    return f"{intro}\n\n{render(facts.samples)}"


def _limits(facts: DatasetFacts) -> str:
    lines = []
    if facts.translated:
        lines += [
            "Errors of meaning are still in: a lost negation, a wrong or translated name, a changed date, offensive "
            "words that the source does not have. The filter's signals (length, script, language, numbers, "
            "repetition, copies) cannot see them.",
            "The translations carry the style and the biases of the model, and topics and names of the English "
            "sources: they say little about what speakers of these languages ask.",
            "`start` of a translated answer is null where its place in the passage was not found, and the answer may "
            "be translated differently inside the passage.",
        ]
    else:
        lines.append("The rows are as their sources have them, errors included.")
    lines.append(
        "Whoever evaluates on benchmarks that share sources with this set (SQuAD and XQuAD, for example) should check "
        "for overlap first."
    )
    lines += [
        f"What looks like {escape(find.named)} stands in {find.rows:,} rows of all languages; nothing was taken out."
        for find in facts.finds
    ]
    return "\n".join(f"- {line}" for line in lines)


COLUMNS = table(
    ["column", "meaning"],
    [
        ["`item_id`", "the same in every language version of an item"],
        ["`passage_id`, `question_id`", "the same for equal English passages and questions"],
        ["`dataset`, `licence`, `split`, `lang`", "source, its licence, split, FLORES-200 code"],
        ["`question`, `passage`, `title`", "texts; `passage` and `title` may be null"],
        ["`answers`", "list of `text` and `start` (code points into `passage`, null where unknown)"],
        ["`mt`", "model, scores (mean log-probability a token), flags, sentence alignment; null where not translated"],
    ],
)
