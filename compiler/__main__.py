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
    if arguments[:1] == ["build"]:
        from compiler.cli.render import execute, quick_request

        request = quick_request(arguments)
        if request is not None:
            try:
                return execute(request)
            except (OSError, KeyboardInterrupt) as error:
                from compiler.cli.failure import report

                return report(error)
    from compiler.cli.main import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
