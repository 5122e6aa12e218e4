"""`mtqa score-mt`: translations against references."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    translations: Annotated[Path, typer.Argument(help="A translated corpus, or a file with a text a line.")],
    references: Annotated[Path, typer.Argument(help="A corpus with the same items, or a file with the same lines.")],
    metrics: Annotated[str, typer.Option(help="chrf, bleu, spbleu; commas between.")] = "chrf,bleu",
    lang: Annotated[str, typer.Option(help="Language of two files (for BLEU's tokenizer).")] = "",
    field: Annotated[str | None, typer.Option(help="question or passage only.")] = None,
    bootstrap: Annotated[int, typer.Option(min=0, help="Samples for 95 % intervals, such as 1000.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score translations against references with sacrebleu, each score with its signature.

    Corpora are matched by item and language; each distinct passage counts once. A table of
    'mtqa translate --round-trip' is scored against the English rows of its corpus.

    Example: mtqa score-mt translated references --metrics chrf,bleu --bootstrap 1000
    """
    from json import dumps

    from mtqa.core.languages import resolve
    from mtqa.translate.score import Request, as_records, score, show

    names = tuple(name.strip() for name in metrics.split(",") if name.strip())
    scores = score(translations, references, Request(names, bootstrap, field), resolve(lang) if lang else "")
    typer.echo(dumps(as_records(scores), indent=1, ensure_ascii=False) if json else show(scores))
