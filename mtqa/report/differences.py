"""Tables of systems with several seeds and of the tests between them, as `mtqa study` and `compare` make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtqa.core.evaluations import read_metrics
from mtqa.core.languages import get
from mtqa.report.details import details, mean_of
from mtqa.report.numbers import decided, measured, number, title
from mtqa.report.plots import interval_plot

DIGITS = 4
ALL = "all"
Values = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""System → measure → value, interval, by_seed."""


def systems(values: Values) -> dict[str, Any]:
    """Return the template's table of systems with their intervals, and its plot."""
    measures = list(next(iter(values.values())))
    return {
        "measures": [title(m) for m in measures],
        "arms": [
            {"name": name, "numbers": [measured(m, v["value"], v["interval"], digits=DIGITS) for m, v in by.items()]}
            for name, by in values.items()
        ],
        "plot": interval_plot(
            {name: {title(m): (v["value"], *v["interval"]) for m, v in by.items()} for name, by in values.items()},
            {name: {title(m): v["by_seed"] for m, v in by.items()} for name, by in values.items()},
        ),
    }


def tests(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the template's rows of tests between systems."""
    return [
        {
            "name": f"{d['first']} − {d['second']}",
            "on": " · ".join(filter(None, [d.get("benchmark"), None if d["group"] == ALL else d["group"]])),
            "measure": title(d["measure"]),
            "number": _difference(d),
            "p": f"{d['p_holm']:.4f}",
            "sign_flip": f"{d['p_sign_flip']:.4f}",
            "detectable": number(d["measure"], d["detectable"], digits=DIGITS),
            "verdict": d["verdict"],
        }
        for d in found
    ]


def by_language(found: Sequence[Mapping[str, Any]], trained: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return one table a pair of systems and benchmark: query languages in rows, measures in columns."""
    tables: dict[tuple[str, str, str], dict[str, dict[str, dict[str, str]]]] = {}
    for d in found:
        rows = tables.setdefault((d["first"], d["second"], d.get("benchmark", "")), {})
        rows.setdefault(d["group"], {})[title(d["measure"])] = _difference(d)
    return [
        {
            "title": f"{first} − {second}" + (f", {benchmark}" if benchmark else ""),
            "measures": list(next(iter(rows.values()))),
            "rows": [
                {"name": get(lang).name + (" (trained on)" if lang in trained else ""), "numbers": list(row.values())}
                for lang, row in rows.items()
            ],
        }
        for (first, second, benchmark), rows in tables.items()
    ]


def changed(measure: str, value: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, str]:
    """Return a system's value and its change against another state of it, coloured by the change's interval."""
    cell = measured(
        measure, change["difference"], change["interval"], digits=DIGITS, verdict=decided(measure, change["interval"])
    )
    return {
        **cell,
        "text": number(measure, value["value"], digits=DIGITS),
        "interval": f"{cell['text']} {cell['interval']}",
    }


def seeds_details(folders: Mapping[str, Sequence[Path]], languages: Sequence[str]) -> dict[str, Any]:
    """Return the templates' detail tables of systems from their evaluations, numbers being means over seeds."""
    return details({name: mean_of([read_metrics(f) for f in own]) for name, own in folders.items()}, languages)


def _difference(found: Mapping[str, Any]) -> dict[str, str]:
    return measured(found["measure"], found["difference"], found["interval"], digits=DIGITS, verdict=found["verdict"])
