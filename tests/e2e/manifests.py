"""Small manifests for the tests of the pod runner itself."""

from __future__ import annotations

import json
from typing import Any

Object = dict[str, Any]

# A web server that answers with $ANSWER (or its host name), counts as ready while /tmp/ready is there, finishes what it
# has begun on SIGTERM, and can be asked for a slow answer.
SERVER = """
import http.server, os, pathlib, signal, socket, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1)
        good = self.path != "/ready" or pathlib.Path("/tmp/ready").exists()
        body = (os.environ.get("ANSWER") or socket.gethostname()).encode()
        self.send_response(200 if good else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128
server = Server(("", 8080), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()
"""


def stream(*objects: Object) -> str:
    """Objects as a YAML stream."""
    return "---\n".join(json.dumps(item) + "\n" for item in objects)


def container(name: str = "main", script: str = "sleep 3600", **rest: Any) -> Object:
    """A container that runs a shell script."""
    return {"name": name, "image": "test", "command": ["sh", "-c", script], **rest}


def server(answer: str = "", **rest: Any) -> Object:
    """A container that runs SERVER, ready at once."""
    return {
        "name": "server",
        "image": "test",
        "command": ["sh", "-c", 'touch /tmp/ready; exec python3 -u -c "$0"', SERVER],
        "env": [{"name": "ANSWER", "value": answer}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1, "failureThreshold": 1},
        **rest,
    }


def template(*containers: Object, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    """A pod template."""
    base = {"automountServiceAccountToken": False, "terminationGracePeriodSeconds": 3}
    return {"metadata": {"labels": labels or {}}, "spec": {**base, "containers": list(containers), **spec}}


def pod(name: str, *containers: Object, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    """A bare pod."""
    made = template(*containers, labels=labels, **spec)
    return _object("v1", "Pod", name, spec.pop("namespace", None), labels) | {"spec": made["spec"]}


def in_namespace(namespace: str, item: Object) -> Object:
    """``item`` in another namespace."""
    return item | {"metadata": {**item["metadata"], "namespace": namespace}}


def deployment(
    name: str, *containers: Object, replicas: int = 1, strategy: Object | None = None, **spec: Any
) -> Object:
    """A Deployment labelled ``app: name``."""
    body = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": template(*containers, labels={"app": name}, **spec),
    }
    if strategy:
        body["strategy"] = strategy
    return _object("apps/v1", "Deployment", name) | {"spec": body}


def service(name: str, port: int = 80, target: int | str = "http", **spec: Any) -> Object:
    """A Service for ``app: name``."""
    body = {"selector": {"app": name}, "ports": [{"name": "http", "port": port, "targetPort": target}], **spec}
    return _object("v1", "Service", name) | {"spec": body}


def job(name: str, script: str, **spec: Any) -> Object:
    """A Job that runs a shell script."""
    body = {"template": template(container(script=script), restartPolicy="Never"), **spec}
    return _object("batch/v1", "Job", name) | {"spec": body}


def policy(name: str, **spec: Any) -> Object:
    """A NetworkPolicy."""
    return _object("networking.k8s.io/v1", "NetworkPolicy", name) | {"spec": {"podSelector": {}, **spec}}


def values(kind: str, name: str, **data: str) -> Object:
    """A ConfigMap, or a Secret from plain text."""
    return _object("v1", kind, name) | {"data" if kind == "ConfigMap" else "stringData": data}


def _object(version: str, kind: str, name: str, namespace: str | None = None, labels: Any = None) -> Object:
    metadata: Object = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": version, "kind": kind, "metadata": metadata}
