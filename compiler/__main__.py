"""The entry point: ``compiler`` and ``python -m compiler``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return its exit code."""
    from compiler.cli import interrupts, streams

    streams.prepare()
    interrupts.prepare()
    try:
        code = _run(sys.argv[1:])
        sys.stdout.flush()
    except (OSError, KeyboardInterrupt) as error:  # what comes before a command runs, or after it
        from compiler.cli.failure import report

        return report(error)
    return code


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        from compiler.version import __version__

        sys.stdout.write(f"compiler, version {__version__}\n")
        return 0
    if arguments[:1] == ["build"]:
        from compiler.cli.render import execute, quick_request

        request = quick_request(arguments)
        if request is not None:
            return execute(request)
    from compiler.cli.main import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
