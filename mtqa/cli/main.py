"""The `mtqa` command, whose other imports happen where a Ctrl-C among them is heard as at any other time."""

from __future__ import annotations

import sys

INTERRUPTED = "Interrupted. Finished work is kept: the same command goes on from there."


def main() -> None:
    """Run the command line: exit code 2 for usage or bad input, 1 for failed work, 130 for Ctrl-C."""
    try:
        from mtqa.cli.app import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write(f"error: {INTERRUPTED}\n")
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
