"""The entry point: ``compiler`` and ``python -m compiler``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return its exit code."""
    arguments = sys.argv[1:]
    if arguments == ["--version"]:
        from compiler.version import __version__

        sys.stdout.write(f"compiler, version {__version__}\n")
        return 0
    from compiler.cli.main import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
