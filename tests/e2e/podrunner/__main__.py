"""``python -m tests.e2e.podrunner``: the command line."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from tests.e2e.podrunner.client import Runner
from tests.e2e.podrunner.objects import RunnerError

_EXAMPLE = """example:
  python -m tests.e2e.podrunner up --state /tmp/demo &
  compiler build overlays/demo | python -m tests.e2e.podrunner apply --state /tmp/demo
  python -m tests.e2e.podrunner wait --state /tmp/demo --timeout 300
  python -m tests.e2e.podrunner exec --state /tmp/demo -n pulp-demo POD -- pulpcore-manager check
(sealed Secrets are opened first: tests.e2e.podrunner.sealed)"""


def main(arguments: list[str] | None = None) -> int:
    """Parse, call, print; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except RunnerError as error:
        print(f"podrunner: {error}", file=sys.stderr)
        return 1
    except (FileNotFoundError, ConnectionError) as error:
        print(f"podrunner: no runner at {options.state} ({error})", file=sys.stderr)
        return 3


def _run(options: argparse.Namespace) -> int:
    if options.command == "up":
        from tests.e2e.podrunner.launch import run
        from tests.e2e.podrunner.pod import Options

        hosts = dict(item.split("=", 1) for item in options.host)
        times = Options(options.backoff, options.endpoint_delay, options.eviction)
        return run(options.state, times, hosts, with_parent=options.with_parent)
    runner = Runner(options.state)
    match options.command:
        case "apply":
            text = options.file.read_text() if options.file else sys.stdin.read()
            print(json.dumps(runner.apply(text, prune=not options.no_prune), indent=2))
        case "wait":
            runner.wait(options.timeout)
        case "status":
            print(json.dumps(runner.status(), indent=2))
        case "logs":
            print(runner.logs(options.pod, namespace=options.namespace, container=options.container), end="")
        case "trigger":
            print(runner.trigger(options.name, namespace=options.namespace))
        case "exec":
            argv = options.argv[1:] if options.argv[:1] == ["--"] else options.argv
            place = {"namespace": options.namespace, "container": options.container}
            code, output = runner.exec(options.pod, argv, timeout=options.timeout, **place)
            print(output, end="")
            return code
        case "down":
            runner.down(options.grace)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="podrunner", description=__doc__, epilog=_EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--state", type=Path, required=True, help="the runner's folder (control socket)")
        return command

    up = add("up", "start a runner; it runs until `down`, a signal, or its own death, and leaves nothing")
    up.add_argument("--host", action="append", default=[], metavar="NAME=ADDRESS", help="a name outside, for DNS")
    up.add_argument("--backoff", type=float, default=10, help="first delay of restarts, seconds (Kubernetes: 10)")
    up.add_argument("--eviction", type=float, default=10, help="seconds between looks for full emptyDirs (kubelet: 10)")
    up.add_argument("--endpoint-delay", type=float, default=1, help="until Services let go of a pod, seconds")
    up.add_argument("--with-parent", action="store_true", help="die when the calling process does")
    apply = add("apply", "apply a rendering: create, update, prune; refuse changes of immutable fields")
    apply.add_argument("file", type=Path, nargs="?", help="YAML documents; stdin without it")
    apply.add_argument("--no-prune", action="store_true", help="delete nothing")
    wait = add("wait", "wait until every workload is ready; else exit 1 with what is missing")
    wait.add_argument("--timeout", type=float, default=300, help="seconds")
    add("status", "print pods, workloads, Services and problems as JSON")
    down = add("down", "stop everything")
    down.add_argument("--grace", type=float, help="seconds for every pod instead of its own grace period")
    trigger = add("trigger", "run a CronJob now")
    trigger.add_argument("name")
    logs = add("logs", "print a pod's output")
    execute = add("exec", "run a command line in a container")
    for command in (logs, execute):
        command.add_argument("pod")
        command.add_argument("-c", "--container")
    execute.add_argument("--timeout", type=float, default=60, help="seconds")
    for command in (logs, execute, trigger):
        command.add_argument("-n", "--namespace", default="default")
    execute.add_argument("argv", nargs=argparse.REMAINDER)
    return parser


if __name__ == "__main__":
    sys.exit(main())
