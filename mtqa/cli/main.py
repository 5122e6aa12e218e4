"""The `mtqa` command: joins the commands and turns errors into one message and an exit code."""

from __future__ import annotations

import importlib
import os
import sys

import click
import typer

from mtqa import __version__
from mtqa.core.errors import MtqaError

COMMANDS = (
    "collect",
    "translate",
    "filter",
    "build-shards",
    "train",
    "evaluate",
    "publish",
    "run",
    "report",
    "status",
    "inspect",
    "languages",
    "sources",
)

app = typer.Typer(
    help="English question answering in, a better multilingual retriever out, and evidence that it is better.",
    no_args_is_help=True,
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
    from mtqa.core import progress

    progress.enable()


for _name in COMMANDS:
    _module = importlib.import_module(f"mtqa.cli.{_name.replace('-', '_')}")
    app.command(_name, help=_module.command.__doc__)(_module.command)


def main() -> None:
    """Run the command line: exit code 2 for usage or bad input, 1 for failed work, 130 for Ctrl-C."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    arguments = ["--debug"] * debug + [a for a in arguments if a != "--debug"]
    try:
        sys.exit(app(arguments, standalone_mode=False) or 0)
    except click.exceptions.Abort:
        _fail("Interrupted. Finished work is kept: the same command goes on from there.", 130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except MtqaError as error:
        if debug:
            raise
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("Interrupted. Finished work is kept: the same command goes on from there.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if debug:
            raise
        _fail(f"{error.strerror or error}.\n  where:    {error.filename or 'unknown file'}", 1)
    except Exception as error:
        if debug:
            raise
        _fail(f"Unexpected error: {type(error).__name__}: {error}\n  next:     run again with --debug and report it", 1)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"error: {message}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
