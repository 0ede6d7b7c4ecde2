"""`python -m deckgen`: the command line."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Run the command line and return its exit code; Ctrl-C may come while it is still being loaded."""
    try:
        from deckgen.cli import main as command_line

        return command_line()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
