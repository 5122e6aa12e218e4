"""`mtqa sources`: what can be collected by name."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show one source's card.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the sources that 'mtqa collect' knows by name, or show one with its licence, size and known problems.

    Example: mtqa sources squad
    """
    from json import dumps

    from mtqa.collect.cards import card_names, load_card

    cards = [load_card(known) for known in ([name] if name else card_names())]
    if json:
        records = [card.record() for card in cards]
        typer.echo(dumps(records[0] if name else records, ensure_ascii=False, indent=1))
        return
    if name:
        import yaml

        values = {key: value for key, value in cards[0].record().items() if value not in (None, [], {})}
        typer.echo(yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100).rstrip())
        return
    for card in cards:
        several = f"{len(card.languages)} languages"
        languages = several if len(card.languages) > 1 else card.languages[0]
        typer.echo(f"{card.name:<21} {card.licence:<13} {card.total:>7,}  {languages:<13}  {card.title}")
