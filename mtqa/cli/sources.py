"""`mtqa sources`: what can be collected by name."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Show one source's card.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the sources that 'mtqa collect' knows by name, or show one with its licence, size and known problems.

    The column after the licence says whether what is made of a source may be passed on.

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
    shared = {True: "shareable", False: "not shareable", None: "ask"}
    for card in cards:
        how = "bundled" if card.bundled else "by hand" if card.manual else "by name"
        typer.echo(
            f"{card.name:<21} {card.licence:<31} {shared[card.permissions.redistribution]:<14} {how:<8} "
            f"{card.total:>9,}  {card.title}"
        )
