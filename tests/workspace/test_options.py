"""Overlays with what is off by default, everything at once: written, checked, and built as the real one builds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.errors import CompilerError
from compiler.workspace import Workspace
from compiler.workspace.check import check_folders
from compiler.workspace.generate import plan, write
from compiler.workspace.render import render
from compiler.workspace.secrets import targets
from tests.support.oracle import kustomize_build

OPTIONS = """\
pulp: {plugins: [file, rpm, container]}
images: {pulp: {name: registry.example.com/pulp}}
signing: {services: [rpm, container], keys: {signing: {}, signing-2027: {source: given}}}
authentication:
  ldap:
    uri: ldap://ldap.example.com
    bind_dn: cn=pulp,dc=example,dc=com
    users: {base: "ou=people,dc=example,dc=com"}
    groups: {base: "ou=groups,dc=example,dc=com", mirror: true}
  sso: {oidc: {issuer: "https://sso.example.com", client_id: pulp}}
"""


def layer(workspace: Workspace, folder: str) -> Path:
    return workspace.root / folder / "pulp.yaml"


@pytest.mark.parametrize("where", ["base/pulp", "overlays/demo"])
def test_it_is_written_in_a_base_or_an_overlay_and_builds_alike(written: Workspace, where: str) -> None:
    wanted = layer(written, where)
    said = wanted.read_text().replace('pulp: {version: "3.85", plugins: [file]}\n', "")
    wanted.write_text(said + OPTIONS.replace("{plugins:", '{version: "3.85", plugins:'))
    pop = layer(written, "overlays/pop")  # nobody can log in where the API is closed
    pop.write_text(pop.read_text() + "authentication: {sso: null}\n")
    write(written, plan(written))
    assert not plan(written).changes
    for folder in ("overlays/demo", "overlays/pop-ams"):
        real = kustomize_build(written.root / folder)
        assert real.returncode == 0, real.stderr
        assert render(written, folder).text == real.stdout.decode()


def test_every_secret_of_somebody_else_is_no_dangling_reference(written: Workspace) -> None:
    demo = layer(written, "overlays/demo")
    demo.write_text(demo.read_text() + OPTIONS)
    (target,) = targets(written.root, ["demo"])
    lines = ["secrets:", "  existing:"]
    for one in target.requirements.secrets:
        names = one.keys()
        keys = ", ".join(f"{key}: their.{key}" for key in names)
        lines.append(f"    {one.name.removeprefix('pulp-')}: {{name: theirs, keys: {{{keys}}}}}")
    demo.write_text(demo.read_text() + "\n".join(lines) + "\n")
    write(written, plan(written))
    assert targets(written.root, ["demo"])[0].requirements.secrets == ()
    (report,) = check_folders(written, ["overlays/demo"])
    wrong = [finding for finding in report.findings if "theirs" in finding.message]
    assert wrong == []


def test_what_cannot_be_is_told_at_its_line(written: Workspace) -> None:
    demo = layer(written, "overlays/demo")
    demo.write_text(demo.read_text() + "secrets:\n  existing:\n    s3: {name: theirs}\n")
    line = len(demo.read_text().splitlines())
    for ask in (lambda: plan(written), lambda: targets(written.root)):
        with pytest.raises(CompilerError, match="no pod of this installation mounts pulp-s3") as error:
            ask()
        assert str(error.value).startswith(f"overlays/demo/pulp.yaml:{line}:5: secrets.existing.s3: ")
