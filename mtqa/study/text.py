"""A study's results as text: for the terminal and, as Markdown, for `study.md`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mtqa.core.languages import get
from mtqa.pipeline.table import text_table
from mtqa.study.settings import FEW_SEEDS
from mtqa.study.verdict import LESS_IS_BETTER, TITLES, number, spread

Table = Callable[[Sequence[str], Sequence[Sequence[str]]], str]
MARKS = {"better": "▲", "worse": "▼", "undecided": "·"}


def summary(content: Mapping[str, Any]) -> str:
    """Return what `mtqa study` prints: the arms on all languages, the comparisons fixed beforehand, the answers."""
    blocks = [_head(content)]
    for name, benchmark in content["benchmarks"].items():
        blocks.append(_arms(name, benchmark, "all", text_table))
    blocks += [_comparisons(content["primary"], text_table), "\n".join(content["answers"])]
    if content["corrections"]:
        blocks.append("\n".join(content["corrections"]["answers"]))
    return "\n\n".join(blocks)


def markdown(content: Mapping[str, Any]) -> str:
    """Return the whole study as Markdown."""
    blocks = [f"# {content['name']}", content["description"], _head(content), "## Answers"]
    blocks += ["\n".join(f"- {one}" for one in [*content["answers"], *content["verdicts"]])]
    for name, benchmark in content["benchmarks"].items():
        topics = f" ({benchmark['topics']})" if benchmark["topics"] else ""
        blocks.append(f"## {name}{topics}")
        blocks += [_arms(name, benchmark, group, _md_table) for group in benchmark["groups"]]
        blocks += [_seeds(benchmark), f"Signature: `{benchmark['signature']}`"]
    blocks += ["## Comparisons fixed beforehand", _comparisons(content["primary"], _md_table)]
    if content["corrections"]:
        blocks += _corrections(content["corrections"])
    blocks += [
        "## Other comparisons",
        "Holm-corrected among themselves.",
        _comparisons(content["secondary"], _md_table),
    ]
    blocks += ["## By query language", _by_language(content)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _head(content: Mapping[str, Any]) -> str:
    seeds, planned = content["seeds"], content["planned_seeds"]
    fair = content["fairness"]
    some = next(iter(next(iter(fair["by_seed"].values())).values()))
    lines = [
        f"{len(seeds)} of {len(planned)} seeds; {some['batches']:,} steps and {some['pairs']:,} pairs an arm and seed; "
        + ("all arms of a seed saw the same items equally often." if fair["equal"] else "THE ARMS DIFFER IN ITEMS."),
        f"Trained on {_names(content['training_languages'])}.",
    ]
    if len(seeds) < FEW_SEEDS:
        lines.append(f"Fewer than {FEW_SEEDS} seeds: the figures describe these seeds.")
    return "\n".join(lines)


def _arms(name: str, benchmark: Mapping[str, Any], group: str, table: Table) -> str:
    part = benchmark["groups"][group]
    measures = list(next(iter(part["arms"].values())))
    rows = [
        [arm, *(f"{number(m, v['value'])} {spread(m, v['interval'], '')}" for m, v in values.items())]
        for arm, values in part["arms"].items()
    ]
    title = f"{name}, queries in {group if group != 'all' else 'all languages'}: {_names(part['languages'])}"
    note = "mAP, mean over seeds, 95 % intervals over questions and seeds; bias: less is better"
    return f"{title}\n{note}\n\n{table(['arm', *(_title(m) for m in measures)], rows)}"


def _seeds(benchmark: Mapping[str, Any]) -> str:
    """Return the value of each seed on all languages."""
    arms = benchmark["groups"]["all"]["arms"]
    rows = [
        [arm, *(" ".join(number(m, one) for one in v["by_seed"]) for m, v in values.items())]
        for arm, values in arms.items()
    ]
    measures = list(next(iter(arms.values())))
    return "Each seed:\n\n" + _md_table(["arm", *(_title(m) for m in measures)], rows)


def _corrections(found: Mapping[str, Any]) -> list[str]:
    """Return the section on corrections without training."""
    blocks = [
        "## With corrections without training",
        f"Estimated for {_names(found['languages'])}. In brackets: the change against the same arm without correction, "
        "95 % interval without zero marked ▲ better, ▼ worse.",
        "\n".join(f"- {one}" for one in found["answers"]),
    ]
    for method, benchmarks in found["methods"].items():
        for name, part in benchmarks.items():
            left = f"; {_names(part['uncorrected'])} left as they are" if part["uncorrected"] else ""
            measures = list(next(iter(part["arms"].values())))
            rows = [
                [arm, *(_changed(m, v["value"], part["changes"][arm][m]) for m, v in values.items())]
                for arm, values in part["arms"].items()
            ]
            blocks.append(f"{method}, {name}{left}:\n\n{_md_table(['arm', *map(_title, measures)], rows)}")
    for key, title in (
        ("applied_to_all", "Both arms corrected (Holm-corrected among themselves):"),
        ("against_plain", "The first arm as it is, the second corrected (Holm-corrected among themselves):"),
    ):
        named = [
            {**c, "second": f"{c['second']} with {c['correction']}"}
            | ({"first": f"{c['first']} with {c['correction']}"} if key == "applied_to_all" else {})
            for c in found[key]
        ]
        blocks.append(f"{title}\n\n{_comparisons(named, _md_table)}")
    return blocks


def _changed(measure: str, value: float, change: Mapping[str, Any]) -> str:
    low, high = change["interval"]
    better = (change["difference"] > 0) != (measure in LESS_IS_BETTER)
    mark = "" if low <= 0 <= high else " ▲" if better else " ▼"
    return f"{number(measure, value)} ({number(measure, change['difference'], '+')}{mark})"


def _title(measure: str) -> str:
    return TITLES.get(measure, measure)


def _comparisons(comparisons: Sequence[Mapping[str, Any]], table: Table) -> str:
    rows = [
        [
            f"{c['first']} − {c['second']}",
            c["benchmark"] + ("" if c["group"] == "all" else f", {c['group']}"),
            _title(c["measure"]),
            f"{number(c['measure'], c['difference'], '+')} {spread(c['measure'], c['interval'])}",
            f"{c['p']:.4f}",
            f"{c['p_holm']:.4f}",
            f"{c['p_sign_flip']:.4f}",
            number(c["measure"], c["detectable"]),
            c["verdict"],
        ]
        for c in comparisons
    ]
    header = ["comparison", "on", "measure", "difference", "p", "Holm", "sign flip", "detectable", "verdict"]
    return table(header, rows) if rows else "None."


def _by_language(content: Mapping[str, Any]) -> str:
    """Return one table a pair and benchmark: query languages in rows, measures in columns."""
    tables: dict[tuple[str, str, str], dict[str, dict[str, str]]] = {}
    for c in content["by_language"]:
        row = tables.setdefault((c["first"], c["second"], c["benchmark"]), {}).setdefault(c["group"], {})
        row[_title(c["measure"])] = (
            f"{number(c['measure'], c['difference'], '+')} {spread(c['measure'], c['interval'])} {MARKS[c['verdict']]}"
        )
    blocks = [
        "▲ better, ▼ worse, · undecided: 95 % interval without zero and p below 5 %, Holm-corrected over the languages."
    ]
    for (first, second, benchmark), rows in tables.items():
        header = ["queries in", *next(iter(rows.values()))]
        seen = content["training_languages"]
        body = [[get(lang).name + (" (seen)" if lang in seen else ""), *row.values()] for lang, row in rows.items()]
        blocks.append(f"{first} − {second}, {benchmark}:\n\n{_md_table(header, body)}")
    return "\n\n".join(blocks)


def _names(languages: Sequence[str]) -> str:
    return ", ".join(get(lang).name for lang in languages)


def _md_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (header, ["---"] * len(header), *rows)]
    return "\n".join(lines)
