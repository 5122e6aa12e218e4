"""The command line: joins the commands and turns errors into one message and an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import typer

from mtqa import __version__
from mtqa.core.errors import FULL_DISK, WRONG_PATH, MtqaError, UsageError, out_of_memory

COMMANDS = {
    "collect": "English QA from files and public data into one corpus",
    "translate": "Translate a corpus, or a table of questions",
    "memory": "What a translation memory holds; prune it",
    "score-mt": "chrF and BLEU of translations against references",
    "filter": "Keep good translations; store scores and reasons",
    "calibrate-filter": "Fit the filter's length bounds to your own clean pairs",
    "build-shards": "Make training batches: mono, cross or hybrid",
    "mine": "Find hard negatives with any encoder",
    "export": "Write shards for another trainer (Tevatron)",
    "train": "Train a dual encoder on shards",
    "debias": "Correct language bias without training",
    "evaluate": "Measure retrieval and language bias of an encoder",
    "publish": "A data set or model with its card, to the Hub",
    "run": "All stages of a recipe; skips what is up to date",
    "study": "Arms with several seeds on equal data; says what wins",
    "compare": "Differences between evaluations, with intervals",
    "report": "Write the HTML report of a run or study anew",
    "status": "Show which stages of a run are done",
    "inspect": "Show what a folder holds, rows side by side",
    "languages": "List the languages, by any of their names",
    "sources": "List the data sets that collect knows by name",
}
"""Each command with its line in `mtqa --help`, at most 55 characters."""

QUIET = {"TOKENIZERS_PARALLELISM": "false", "TRANSFORMERS_VERBOSITY": "error"}
"""Set before the libraries that read them are imported, unless the user has set them."""
CTRL_C = 130
"""What typer returns where it heard Ctrl-C."""
LESS_AT_ONCE = (
    "do less at once (train: --micro-batch-tokens, translate: --batch-tokens, build-shards: --steps), or use a "
    "machine with more memory; finished work is kept"
)
Misuse: Any = typer.BadParameter.__base__  # click's UsageError, which typer has of its own since it left click

app = typer.Typer(
    help="English question answering in, a better multilingual retriever out, and evidence that it is better.",
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"mtqa {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
    debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error."),
) -> None:
    """Run before every command: show our progress, and keep the libraries' own bars and remarks out of it."""
    from mtqa.core import progress

    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    progress.enable()


for _name, _short in COMMANDS.items():
    _module = importlib.import_module(f"mtqa.cli.{_name.replace('-', '_')}")
    app.command(_name, help=_module.command.__doc__, short_help=_short)(_module.command)


def run(arguments: list[str]) -> int:
    """Run a command; return 2 for usage or bad input, 1 for failed work. Raises KeyboardInterrupt for Ctrl-C."""
    arguments = arguments or ["--help"]
    debug = "--debug" in arguments
    arguments = ["--debug"] * debug + [a for a in arguments if a != "--debug"]
    try:
        code = int(app(arguments, prog_name="mtqa", standalone_mode=False) or 0)
    except typer.Abort:
        code = CTRL_C
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:
        if debug and not isinstance(error, Misuse):
            raise
        message, code = _explained(error)
        sys.stderr.write(f"error: {message}\n")
    if code == CTRL_C:
        raise KeyboardInterrupt
    return code


def _explained(error: Exception) -> tuple[str, int]:
    """Return the one message and the exit code for an error."""
    if isinstance(error, MtqaError):
        return str(error), error.exit_code
    if isinstance(error, Misuse):
        misuse: Any = error
        command = misuse.ctx.command_path if misuse.ctx else "mtqa"
        message = " ".join(misuse.format_message().replace("Value error, ", "").split())
        message += "" if message.endswith((".", "?", ")")) else "."
        return str(MtqaError(message, next_step=f"see '{command} --help'")), 2
    if isinstance(error, OSError) and error.errno in WRONG_PATH:
        rights = "give another path, or change who may read or write this one"
        return str(UsageError(f"{error.strerror}.", where=error.filename, next_step=rights)), UsageError.exit_code
    if isinstance(error, OSError):
        room = "make room, then run the same command again: finished work is kept"
        next_step = room if error.errno in FULL_DISK else None
        return str(MtqaError(f"{error.strerror or error}.", where=error.filename, next_step=next_step)), 1
    if isinstance(error, (MemoryError, RuntimeError)) and out_of_memory(error):
        first = ": " + str(error).partition(". ")[0].rstrip(".") if str(error) else ""
        return str(MtqaError(f"Memory ran out{first}.", next_step=LESS_AT_ONCE)), 1
    what = f"Unexpected error: {type(error).__name__}: {error}"
    return str(MtqaError(what, next_step="run again with --debug and report it")), 1
