"""Natural Questions: Wikipedia pages as tokens, with a long answer (a paragraph, list or table) and short ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mtqa.collect.items import Answer, RawItem
from mtqa.collect.layouts.values import Row, get, records, text
from mtqa.core.schema import Drop

BREAKS = ("</p>", "</li>", "</tr>", "</dd>", "</dt>", "</h1>", "</h2>", "</h3>", "<br>", "<br/>")
QUOTES = {"``": '"', "''": '"'}
YES_NO = {"YES": "yes", "NO": "no", 1: "yes", 0: "no"}


def natural_questions(row: Row, where: str) -> Iterator[RawItem]:
    """Yield the question with its long answer as the passage, from the Hub's table or Google's own JSON lines.

    Of several annotations the first with a short answer counts, else the first with a yes or no, else the first with a
    long answer; none: unanswerable. Short answers have their place in the passage; yes and no have none; a long answer
    alone gives a passage without answers. Text is put together from the tokens, with a line break where a paragraph,
    a list entry or a table row ends.
    """
    own = "document_tokens" in row
    document = row if own else get(row, "document", Mapping, where)
    tokens = records(row["document_tokens"] if own else document.get("tokens"), where)
    title = text(document, "document_title" if own else "title", where)
    question = text(row, "question_text", where) if own else text(row.get("question"), "text", where)
    annotations = [a for a in records(row.get("annotations"), where) if _start(a) >= 0]
    name = text(row, "example_id" if own else "id", where)
    if not annotations:
        yield RawItem(name, question, "", title, drop=Drop.UNANSWERABLE)
        return
    best = min(annotations, key=lambda a: (not _short(a, where), _yes_no(a) is None))
    passage, places = _text(tokens, _start(best), int(best["long_answer"]["end_token"]))
    answers = []
    for short in _short(best, where):
        found = [places[i] for i in range(int(short["start_token"]), int(short["end_token"])) if i in places]
        if found:
            answers.append(Answer(passage[found[0][0] : found[-1][1]], found[0][0]))
    said = _yes_no(best)
    if not answers and said:
        answers.append(Answer(said))
    yield RawItem(name, question, passage, title, tuple(answers))


def _start(annotation: Mapping[str, Any]) -> int:
    return int((annotation.get("long_answer") or {}).get("start_token", -1))


def _short(annotation: Mapping[str, Any], where: str) -> list[dict[str, Any]]:
    return records(annotation.get("short_answers"), where)


def _yes_no(annotation: Mapping[str, Any]) -> str | None:
    return YES_NO.get(annotation.get("yes_no_answer", "NONE"))


def _text(tokens: list[dict[str, Any]], start: int, end: int) -> tuple[str, dict[int, tuple[int, int]]]:
    """Return the text of tokens [start, end), and token → (start, end) in it; markup becomes line breaks.

    Tokens that touch in the page's bytes touch here; where there are no byte places, a blank stands between them.
    """
    parts: list[str] = []
    places: dict[int, tuple[int, int]] = {}
    length, before = 0, None
    for number in range(start, min(end, len(tokens))):
        token = tokens[number]
        written = str(token["token"])
        if token.get("is_html", token.get("html_token")):
            if written.lower() in BREAKS and parts and parts[-1] != "\n":
                parts.append("\n")
                length += 1
            continue
        touches = before is not None and before == token.get("start_byte")
        if parts and parts[-1] != "\n" and not touches:
            parts.append(" ")
            length += 1
        shown = QUOTES.get(written, written)
        parts.append(shown)
        places[number] = (length, length + len(shown))
        length += len(shown)
        before = token.get("end_byte")
    return "".join(parts).rstrip("\n"), places
