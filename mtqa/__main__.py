"""`python -m mtqa`: the `mtqa` command where the folder of scripts is not in the PATH."""

from mtqa.cli.main import main

if __name__ == "__main__":
    main()
