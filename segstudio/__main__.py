"""Run the command line as ``python -m segstudio``."""

from segstudio.cli import main

if __name__ == "__main__":
    main()
