"""Keeps this Pulp a replica of its centre, through its own REST API.

    replicate.py configure   register the centre; change it only where it differs
    replicate.py run         start one replication and wait for its end

Any change to the registered centre makes the next run synchronize everything again, so ``configure`` writes nothing
when nothing differs. ``run`` succeeds when the group's ``finalize_replication`` task has completed: the group's
``all_tasks_dispatched`` stays false even when everything has succeeded. Standard library only.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import ssl
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(os.environ.get("PULP_ROOT", "/etc/pulp"))
FINAL = ("completed", "failed", "canceled", "skipped")


class Failed(Exception):
    """Something that a person must see; ends the program with exit code 1."""


def secret(part: str, key: str) -> str:
    """A mounted secret without the line break at its end."""
    return (ROOT / "secrets" / part / key).read_text(encoding="utf-8").rstrip("\r\n")


class Api:
    """A Pulp's REST API. ``url`` is scheme, host and port; ``root`` ends in ``api/v3/``."""

    def __init__(
        self, url: str, root: str, username: str, password: str, context: ssl.SSLContext | None = None
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        self.secure = parts.scheme == "https"
        self.host, self.port = str(parts.hostname), parts.port or (443 if self.secure else 80)
        self.root = root
        self.context = context
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self.headers = {"Authorization": "Basic " + token, "Accept": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON answer. ``path`` is relative to the API's root, or a whole href."""
        target = path if path.startswith("/") else self.root + path
        headers = dict(self.headers)
        payload = None
        if body is not None:
            payload = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        connection: http.client.HTTPConnection
        if self.secure:
            connection = http.client.HTTPSConnection(self.host, self.port, timeout=120, context=self.context)
        else:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        try:
            connection.request(method, target, payload, headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
        finally:
            connection.close()
        if answer.status not in (200, 201, 202):
            raise Failed(f"{method} {self.host}{target}: HTTP {answer.status}: {text[:500]}")
        return json.loads(text) if text else {}

    def every(self, path: str, **filters: str) -> Iterator[Any]:
        """Every result of a list, page by page."""
        offset = 0
        while True:
            query = urllib.parse.urlencode({**filters, "limit": 100, "offset": offset})
            page = self.call("GET", f"{path}?{query}")
            yield from page["results"]
            offset += len(page["results"])
            if not page["results"] or offset >= page["count"]:
                return


def local(config: Any) -> Api:
    """This Pulp, as admin."""
    context = None
    if config["local"]["url"].startswith("https:"):
        context = ssl.create_default_context(cafile=str(ROOT / "ca" / "ca.crt"))
        client = ROOT / "secrets" / "replica-client"
        context.load_cert_chain(str(client / "tls.crt"), str(client / "tls.key"))
    own = config["local"]
    return Api(own["url"], own["api_root"] + "api/v3/", "admin", secret("admin-password", "password"), context)


def centre(config: Any) -> Api:
    """The centre, as this replica's account there."""
    upstream = config["upstream"]
    root = upstream["api_root"]
    if upstream["domain"]:
        root += upstream["domain"] + "/"
    context = ssl.create_default_context(cadata=upstream["ca_cert"] or None)
    username, password = (secret("replica-upstream", key) for key in ("username", "password"))
    return Api(upstream["base_url"], root + "api/v3/", username, password, context)


def patiently(action: Callable[[], Any], seconds: int) -> Any:
    """What ``action`` returns, as soon as it works within ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return action()
        except (OSError, http.client.HTTPException, Failed) as error:
            if time.monotonic() >= deadline:
                raise Failed(f"gave up after {seconds} s: {error}") from error
            print(f"not yet: {error}", flush=True)
            time.sleep(5)


def registered(api: Api, name: str) -> Any:
    """The UpstreamPulp of that name, or None."""
    query = urllib.parse.urlencode({"name": name})
    found = api.call("GET", f"upstream-pulps/?{query}")["results"]
    return found[0] if found else None


def configure(config: Any) -> None:
    """Registers the centre, or changes what differs."""
    api = local(config)
    wanted = dict(config["upstream"])
    entity = patiently(lambda: registered(api, wanted["name"]), 900)
    known = entity is not None
    credentials = {key: secret("replica-upstream", key) for key in ("username", "password")}
    if entity is None:
        entity = api.call("POST", "upstream-pulps/", {**wanted, **credentials})
        print("registered the centre", wanted["base_url"])
        change: dict[str, Any] = {}
    else:
        change = {key: value for key, value in wanted.items() if (entity.get(key) or None) != (value or None)}
        # The API never shows the password it has, so a new generation of the Secret is written anyway.
        if change or int(os.environ.get("CREDENTIALS_GENERATION", "1")) > 1:
            change.update(credentials)
    # The field came after pulpcore 3.117; where it exists, it also resets remotes, so it must say the right thing.
    if "remote_policy" in entity and (entity["remote_policy"] or "immediate") != config["download"]:
        change["remote_policy"] = config["download"]
    if change:
        api.call("PATCH", entity["pulp_href"], change)
        print("changed:", ", ".join(sorted(key for key in change if key != "password")))
    elif known:
        print("nothing to change")


def remote_of(kind: str, distribution: Any, upstream: Any, api: Api) -> dict[str, Any] | None:
    """The fields of the remote that a replication would create for a distribution; None when it serves nothing."""
    served = [distribution.get(key) for key in ("publication", "repository", "repository_version")]
    if not any(served):
        return None
    if kind == "container":
        name = distribution["registry_path"].split("/", 1)[1]
        return {"url": upstream["base_url"], "upstream_name": name}
    url = urllib.parse.urljoin(upstream["base_url"], distribution["base_url"])
    if kind == "file":
        source = distribution.get("publication") or distribution.get("repository")
        if source is None:
            return None
        url += api.call("GET", source)["manifest"]
    return {"url": url}


def installed(api: Api) -> set[str]:
    """The plugins of a Pulp, by the names that the spec has for them."""
    return {found["component"] for found in api.call("GET", "status/")["versions"]}


def prepare_remotes(config: Any, entity: Any, api: Api) -> None:
    """Creates the remotes before a replication does, with the download policy that it would not give them."""
    upstream = config["upstream"]
    far = centre(config)
    label = {"UpstreamPulp": entity["pulp_href"].rstrip("/").rpartition("/")[2]}
    filters = {"q": upstream["q_select"]} if upstream["q_select"] else {}
    kinds = installed(api) & installed(far)
    for kind, paths in sorted(config["remotes"].items()):
        if kind not in kinds:  # a replication passes over it, too
            continue
        known = {remote["name"]: remote for remote in api.every(paths["remotes"])}
        for distribution in far.every(paths["distributions"], **filters):
            name = distribution["name"]
            if name not in known:
                fields = remote_of(kind, distribution, upstream, far)
                if fields is None:
                    continue
                fields.update(name=name, policy=config["download"], pulp_labels=label)
                fields.update(ca_cert=upstream["ca_cert"], tls_validation=upstream["tls_validation"])
                api.call("POST", paths["remotes"], fields)
                print(f"prepared the {kind} remote {name}", flush=True)
            elif known[name]["policy"] != config["download"] and known[name]["pulp_labels"] == label:
                api.call("PATCH", known[name]["pulp_href"], {"policy": config["download"]})
                print(f"set the download policy of the {kind} remote {name}", flush=True)


def run(config: Any) -> None:
    """Starts a replication and waits for its end."""
    api = local(config)
    entity = registered(api, config["upstream"]["name"])
    if entity is None:
        raise Failed("the centre is not registered yet: see the Job that configures it")
    if config["download"] != "immediate" and "remote_policy" not in entity:
        prepare_remotes(config, entity, api)
    group = api.call("POST", entity["pulp_href"] + "replicate/", {})["task_group"]
    deadline = time.monotonic() + config["deadline"]
    print("started", group, flush=True)
    while True:
        state = patiently(lambda: api.call("GET", group), 120)
        if ended(state):
            break
        if time.monotonic() >= deadline:
            raise Failed(f"gave up after {config['deadline']} s; the tasks go on, see {group}")
        time.sleep(config["poll"])
    broken = [task for task in state["tasks"] if task["state"] != "completed"]
    for task in broken:
        detail = api.call("GET", task["pulp_href"]).get("error") or {}
        print(f"{task['state']}: {task['name']}: {detail.get('description', '')}", file=sys.stderr)
    if broken:
        raise Failed(f"{len(broken)} of {len(state['tasks'])} tasks did not complete")
    print(f"replicated: {len(state['tasks'])} tasks completed")


def ended(group: Any) -> bool:
    """Whether a replication is over: its last task has ended, or one has failed and no other is left to run."""
    tasks = group["tasks"]
    if any(task["name"].endswith(".finalize_replication") and task["state"] in FINAL for task in tasks):
        return True
    return any(task["state"] in ("failed", "canceled") for task in tasks) and all(
        task["state"] in FINAL for task in tasks
    )


def main(arguments: list[str]) -> int:
    config = json.loads((ROOT / "replica" / "replica.json").read_text(encoding="utf-8"))
    try:
        {"configure": configure, "run": run}[arguments[0]](config)
    except Failed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
