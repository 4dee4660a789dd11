"""Asks the server in this pod for a path and fails unless it answers 2xx or 3xx; for exec probes.

kubelet's own HTTP probe cannot present a client certificate. Usage: probe.py NAME PORT PATH, where NAME is the host
name in the server's certificate and in the Host header.
"""

import http.client
import socket
import ssl
import sys

CA = "/etc/pulp/ca/ca.crt"
CLIENT = "/etc/pulp/secrets/probe-client"
TIMEOUT = 4


def main(name: str, port: str, path: str) -> int:
    context = ssl.create_default_context(cafile=CA)
    context.load_cert_chain(CLIENT + "/tls.crt", CLIENT + "/tls.key")
    connection = http.client.HTTPConnection(name, int(port), timeout=TIMEOUT)
    try:
        plain = socket.create_connection(("localhost", int(port)), timeout=TIMEOUT)
        connection.sock = context.wrap_socket(plain, server_hostname=name)
        connection.request("GET", path, headers={"Host": name, "User-Agent": "probe", "Connection": "close"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"{path}: {type(error).__name__}: {error}")
        return 1
    finally:
        connection.close()
    if 200 <= status < 400:
        return 0
    print(f"{path}: HTTP {status}")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
