"""`mtqa languages`: the codes that every command takes."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help="Show languages whose code or name has this.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the FLORES-200 languages: code, name, ISO 639-1, script.

    Commands take any of a language's names: deu_Latn, de, deu, German, Deutsch.

    Example: mtqa languages arabic
    """
    from mtqa.core.errors import UsageError
    from mtqa.core.languages import all_languages, search

    found = search(text) if text else all_languages()
    if not found:
        raise UsageError(f"No language matches '{text}'.", where=text, next_step="see 'mtqa languages' for all")
    if json:
        from dataclasses import asdict
        from json import dumps

        typer.echo(dumps([asdict(language) for language in found], ensure_ascii=False, indent=1))
        return
    width = max(len(language.name) for language in found)
    for lang in found:
        typer.echo(f"{lang.code}  {lang.name:<{width}}  {lang.iso1 or '-':<2}  {lang.script}")
