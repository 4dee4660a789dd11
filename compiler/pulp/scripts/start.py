"""Starts a program of Pulp as soon as the database accepts connections: ``start.py PROGRAM ARGUMENT…``

The content app and the workers end when the database goes away. To start them only to fail again would count as a
crash, and after several kubelet waits up to five minutes before the next start, even if the database is long back.
"""

import os
import runpy
import signal
import socket
import sys
import time


def main(command: list[str]) -> None:
    # The first process of a container has no default action for signals: it must say that it ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    database = runpy.run_path(os.environ["PULP_SETTINGS"])["DATABASES"]["default"]
    said = False
    while True:
        try:
            socket.create_connection((database["HOST"], int(database["PORT"])), timeout=5).close()
            break
        except OSError as error:
            if not said:
                print(f"waiting for the database at {database['HOST']}:{database['PORT']}: {error}", flush=True)
                said = True
            time.sleep(1)
    os.execvp(command[0], command)  # noqa: S606 - the command of the manifest


if __name__ == "__main__":
    main(sys.argv[1:])
