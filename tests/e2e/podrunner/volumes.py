"""A pod's volumes: files of ConfigMaps and Secrets with kubelet's atomic swap, empty folders, claims."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.podrunner import kernel
from tests.e2e.podrunner.environment import Lookup, NotYet, pod_field, resource_field, secret_data
from tests.e2e.podrunner.objects import Key, Object, RunnerError, field, quantity
from tests.e2e.podrunner.sandbox import Mount

_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_PROJECTED = ("configMap", "secret", "projected", "downwardAPI")


@dataclass(frozen=True)
class _File:
    content: bytes
    mode: int


class Volumes:
    """The volumes of one pod below ``folder``.

    Args:
        folder: the pod's own folder, on the runner's own file system.
        pod: the pod, with its status.
        lookup: an object by key.
        claim: the folder of a claim by key; raises NotYet.
        token: whether a cluster would mount a service account token.
    """

    def __init__(self, folder: Path, pod: Object, lookup: Lookup, claim: Callable[[Key], Path], *, token: bool) -> None:
        self._folder = folder / "volumes"
        self._pod = pod
        self._namespace = field(pod, "metadata.namespace", "default")
        self._lookup = lookup
        self._claim = claim
        self._token = token
        self._paths: dict[str, Path] = {}
        self._mounted: list[Path] = []
        self._written: dict[str, dict[str, _File]] = {}

    def set_up(self) -> None:
        """Make every volume.

        Raises:
            NotYet: something a volume is made from is missing (kubelet's FailedMount).
        """
        for volume in field(self._pod, "spec.volumes", []):
            if volume["name"] not in self._paths:
                self._paths[volume["name"]] = self._make(volume)

    def refresh(self) -> list[str]:
        """Write mounted ConfigMaps and Secrets anew where their content changed; the names of those volumes."""
        changed = []
        for volume in field(self._pod, "spec.volumes", []):
            if volume["name"] in self._written:
                try:
                    files = self._files(volume)
                except NotYet:
                    continue  # kubelet keeps what it has
                if files != self._written[volume["name"]]:
                    self._write(volume["name"], files)
                    changed.append(volume["name"])
        return changed

    def mounts(self, container: Object) -> list[Mount]:
        """The bind mounts of ``container``."""
        found = []
        kinds = {volume["name"]: volume for volume in field(self._pod, "spec.volumes", [])}
        for mount in container.get("volumeMounts") or ():
            if mount["name"] not in kinds:
                raise RunnerError(
                    f"container {container['name']} mounts {mount['name']}, which is no volume of its pod"
                )
            source = self._paths[mount["name"]]
            if mount.get("subPath"):
                source = self._sub_path(source, mount["subPath"])
            read_only = bool(mount.get("readOnly")) or any(kind in kinds[mount["name"]] for kind in _PROJECTED)
            read_only = read_only or bool(field(kinds[mount["name"]], "persistentVolumeClaim.readOnly"))
            found.append(Mount(str(source), mount["mountPath"].rstrip("/"), read_only))
        if self._token and not any(mount.target == _TOKEN_PATH for mount in found):
            found.append(Mount(str(self._token_folder()), _TOKEN_PATH, True))
        return found

    def full(self) -> list[str]:
        """The emptyDirs that have come up to their size limit, by name."""
        found = []
        for path in self._mounted:
            state = os.statvfs(path)
            if state.f_bavail == 0 and state.f_blocks:
                found.append(path.name)
        return found

    def tear_down(self) -> None:
        """Take every volume away but the claims."""
        for path in self._mounted:
            kernel.umount(str(path))
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make(self, volume: Object) -> Path:
        path: Path = self._folder / volume["name"]
        if any(kind in volume for kind in _PROJECTED):
            files = self._files(volume)
            path.mkdir(parents=True)
            self._written[volume["name"]] = {}
            self._own(path, read_only=True)
            self._write(volume["name"], files)
            return path
        if "emptyDir" in volume:
            path.mkdir(parents=True)
            limit = field(volume, "emptyDir.sizeLimit")
            if limit or field(volume, "emptyDir.medium") == "Memory":
                # Writers get "no space" at once; kubelet lets them go on until it looks, and then evicts as Pod does.
                kernel.mount("tmpfs", str(path), "tmpfs", data=f"size={quantity(limit)}" if limit else "")
                self._mounted.append(path)
            path.chmod(0o777)
            self._own(path, read_only=False)
            return path
        if claim := volume.get("persistentVolumeClaim"):
            path = self._claim(Key("PersistentVolumeClaim", self._namespace, claim["claimName"]))
            self._own_tree(path)
            return path
        kinds = ", ".join(kind for kind in volume if kind != "name")
        raise RunnerError(f"volume {volume['name']}: the runner does not know {kinds or 'a volume without a source'}")

    def _files(self, volume: Object) -> dict[str, _File]:
        for kind in _PROJECTED:
            if kind in volume:
                source = volume[kind] or {}
                default = int(source.get("defaultMode", 0o644))
                if kind != "projected":
                    return self._source(kind, source, default, source.get("secretName") or source.get("name"))
                files: dict[str, _File] = {}
                for part in source.get("sources") or ():
                    for name, content in part.items():
                        if name not in _PROJECTED:
                            raise RunnerError(f"volume {volume['name']}: the runner does not project {name}")
                        files |= self._source(name, content, default, content.get("name"))
                return files
        raise AssertionError(volume)

    def _source(self, kind: str, source: Object, default: int, name: str | None) -> dict[str, _File]:
        if kind == "downwardAPI":
            return {
                item["path"]: _File(self._downward(item), int(item.get("mode", default))) for item in source["items"]
            }
        key = Key("ConfigMap" if kind == "configMap" else "Secret", self._namespace, name or "")
        obj = self._lookup(key)
        if obj is None:
            if source.get("optional"):
                return {}
            raise NotYet(f"{key} is not there")
        data = secret_data(obj)
        if "items" not in source:
            return {name: _File(content, default) for name, content in data.items()}
        files = {}
        for item in source["items"]:
            if item["key"] in data:
                files[item["path"]] = _File(data[item["key"]], int(item.get("mode", default)))
            elif not source.get("optional"):
                raise NotYet(f"{key} has no key {item['key']}")
        return files

    def _downward(self, item: Object) -> bytes:
        if "resourceFieldRef" in item:
            return resource_field(self._pod, self._pod["spec"]["containers"][0], item["resourceFieldRef"]).encode()
        return pod_field(self._pod, item["fieldRef"]["fieldPath"]).encode()

    def _write(self, name: str, files: dict[str, _File]) -> None:
        """Kubelet's atomic writer: a new folder, then ``..data`` swapped by rename."""
        root = self._folder / name
        data = root / "..data"
        old = os.readlink(data) if data.is_symlink() else None
        fresh = root / f"..{time.strftime('%Y_%m_%d_%H_%M_%S')}.{time.monotonic_ns()}"
        fresh.mkdir()
        self._own(fresh, read_only=True)
        for path, file in files.items():
            target = fresh / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content)
            target.chmod(file.mode)
            self._own(target, read_only=True)
        swap = root / "..data_tmp"
        swap.symlink_to(fresh.name)
        swap.rename(data)
        tops = {path.split("/")[0] for path in files}
        for top in tops:
            if not (root / top).is_symlink():
                (root / top).symlink_to(f"..data/{top}")
        for top in {path.split("/")[0] for path in self._written[name]} - tops:
            (root / top).unlink()
        self._written[name] = files
        if old:
            shutil.rmtree(root / old)

    def _own(self, path: Path, *, read_only: bool) -> None:
        """Kubelet's SetVolumeOwnership for one file or folder."""
        group = field(self._pod, "spec.securityContext.fsGroup")
        if group is None:
            return
        os.chown(path, -1, int(group))
        mode = stat.S_IMODE(path.stat().st_mode) | (0o440 if read_only else 0o660)
        path.chmod(mode | stat.S_ISGID | 0o110 if path.is_dir() else mode)

    def _own_tree(self, path: Path) -> None:
        group = field(self._pod, "spec.securityContext.fsGroup")
        policy = field(self._pod, "spec.securityContext.fsGroupChangePolicy", "Always")
        if group is None or (policy == "OnRootMismatch" and path.stat().st_gid == int(group)):
            return
        for folder, _, names in os.walk(path):
            self._own(Path(folder), read_only=False)
            for name in names:
                if not Path(folder, name).is_symlink():
                    self._own(Path(folder, name), read_only=False)

    def _sub_path(self, source: Path, sub_path: str) -> Path:
        path = source / sub_path
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(0o777)
            self._own(path, read_only=False)
        return path.resolve()

    def _token_folder(self) -> Path:
        path = self._folder / "..token"
        path.mkdir(parents=True, exist_ok=True)
        (path / "token").write_text("a cluster would mount a token here\n")
        return path
