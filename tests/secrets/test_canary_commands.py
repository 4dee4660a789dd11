"""The canary test: known plaintexts go through every command and every failure that can be provoked without root, and
are then searched for in the tree, Git's objects and index, temporary folders, what children saw, and all outputs."""

from __future__ import annotations

import base64
import os
import resource
import shutil
import signal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from compiler.cli.main import _COMMANDS
from compiler.cli.secrets import command as secrets_group
from compiler.secrets import pki
from compiler.workspace import journal
from tests.secrets.canary import IDENTITIES, Search, Site, forms, lines_of
from tests.secrets.support import NOW, person
from tests.secrets.test_sealedsecrets import controller
from tests.secrets.test_sops import stub

GIVEN = {
    ("prod/pulp-postgres-configuration", "password"): rb'canary "quoted" \and\ 7f3a9c',
    ("prod/pulp-redis-configuration", "password"): "canary-ümläut-7f3a9c".encode(),
    ("prod/pulp-s3", "s3-access-key-id"): b"CANARY7F3A9CACCESSKEY",
    ("prod/pulp-s3", "s3-secret-access-key"): b"canary/7f3a9c+secret/access'key",
}
TAKEN_OVER = b"canary-7f3a9c-admin-password"
REFUSED = b"canary-7f3a9c-never-taken"
"""Given in ways that are refused."""
EVERYTHING = [*GIVEN.values(), TAKEN_OVER, REFUSED]

# What a false sops does with a plaintext that it was given, before or instead of sealing it.
FALSE = {
    "fails and quotes": "sys.stderr.buffer.write(given); sys.stdout.buffer.write(given); sys.exit(1)",
    "echoes": "sys.stdout.buffer.write(given)",
    "says nothing": "pass",
    "is killed": "os.kill(os.getpid(), 9)",
    "adds it": "d = json.loads(real()); d['extra'] = given.decode(); print(json.dumps(d))",
    "two documents": "sys.stdout.buffer.write(real() + given)",
}


OPENS = "if arguments[0] == 'decrypt': sys.stdout.buffer.write(real()); sys.exit(0)\n"
"""Before any of these: a false sops that lies only when it seals, when the new value has been given to it."""


def life(site: Site, folder: Path) -> None:
    """Every command, doing what it is for."""
    sops = str(site.watched_sops())
    secrets = ("secrets",)
    tail = ("--sops", sops, "--identity", str(site.identity))
    key = "demo/pulp-db-fields-encryption"
    site.run("init", str(site.root), "--host", "pulp.example.com", "--delivery", "flux", "--sops", sops,
             "--identity", str(site.identity), before=lambda: os.chdir(folder))  # fmt: skip
    for (secret, name), value in GIVEN.items():
        site.run("secrets", "set", secret, "--key", name, "--stdin", *tail, stdin=value)
    site.run("secrets", "set", "prod/pulp-s3", "--key", "s3-access-key-id", "--from-env", "KEY", *tail,
             environment={"KEY": GIVEN["prod/pulp-s3", "s3-access-key-id"].decode()})  # fmt: skip
    site.run("secrets", "set", "demo/pulp-admin-password", "--generated", "--fd", "0", *tail, stdin=TAKEN_OVER)
    site.commit()
    for one in ("generate", "check", "build overlays/demo overlays/prod", "build -o json overlays/demo", "spec schema",
                "spec show overlays/prod", "spec reference", "explain overlays/demo", "secrets guard",
                "explain overlays/demo Secret/pulp-admin-password", "secrets guard --history"):  # fmt: skip
        site.run(*one.split())
    site.run("secrets", "ensure", *tail)
    for output in ("text", "json", "html"):
        site.run("secrets", "status", "-o", output, *tail)
    site.run("secrets", "check", "--deep", "-o", "json", *tail)
    site.run("secrets", "show", "demo/pulp-admin-password", *tail, expect=[2])
    site.run("secrets", "rotate", "demo/pulp-admin-password", *tail)
    for output in ("text", "markdown", "json"):
        site.run("diff", "HEAD", "-o", output, expect=[0, 1])
    site.run("generate", "--dry-run")
    site.run("generate")
    for phase in ("add", "promote"):
        site.run("secrets", "rotate", key, "--phase", phase, *(() if phase == "add" else ("--rolled-out",)), *tail)
    site.run("secrets", "renew", "--all", *tail)
    for phase in ("trust", "issue", "retire"):
        said = () if phase == "trust" else ("--rolled-out",)
        site.run("secrets", "ca", "rollover", "demo", "--phase", phase, *said, *tail)
    own = pki.create_authority("own", "service", 5, NOW)
    (folder / "home" / "own.crt").write_bytes(own.certificate)
    (folder / "home" / "own.key").write_bytes(own.key.reveal())
    site.run(*secrets, "ca", "import", "demo", "--cert", str(site.home / "own.crt"), "--key",
             str(site.home / "own.key"), *tail)  # fmt: skip
    site.run("secrets", "ca", "create", "prod", "--key-file", str(site.home / "created.key"), *tail)
    joined = person().recipient
    site.run("secrets", "recipients", "add", "admin", joined, *tail)
    site.run("secrets", "recipients", "remove", joined, *tail, expect=[1])
    site.run("secrets", "rekey", *tail)
    site.run("secrets", "reseal", "prod", *tail)
    certificate = folder / "home" / "controller.pem"
    certificate.write_bytes(controller(rsa.generate_private_key(65537, 2048)))
    spec = site.root / "overlays/prod/pulp.yaml"
    spec.write_text(spec.read_text() + "\nsecrets: {backend: sealed-secrets}\n")
    site.run("secrets", "init", "--cert", f"prod={certificate}", *tail)
    site.run("secrets", "ensure", *tail)
    with (site.root / "secrets/vault/demo/pulp-secret-key.sops.yaml").open("ab") as stream:
        stream.write(b"# by hand\n")
    site.run("secrets", "adopt", "demo/pulp-secret-key", *tail)
    site.commit()
    (site.root / "overlays/demo").rename(site.root / "overlays/dev")
    site.run("secrets", "rename", "demo", "dev", *tail)
    site.run("generate")
    site.run("check")
    site.run("secrets", "check", "--deep", *tail)
    site.commit()


def failures(site: Site, folder: Path) -> None:
    """Every command, failing in each way that it can be made to."""
    one = ("secrets", "set", "prod/pulp-postgres-configuration", "--stdin")
    who = ("--identity", str(site.identity))
    opening = (("rekey",), ("rotate", "dev/pulp-admin-password"), ("check", "--deep"), ("renew", "--all"),
               ("reseal", "prod"), ("recipients", "add", "admin", person().recipient),
               ("adopt", "dev/pulp-admin-password"), ("show", "dev/pulp-admin-password", "--force"))  # fmt: skip

    # A false sops, and none.
    for number, (name, body) in enumerate(FALSE.items()):
        always, sealing = (folder / "away" / f"{name.replace(' ', '-')}-{when}" for when in ("always", "sealing"))
        for place, first in ((always, ""), (sealing, OPENS)):
            place.mkdir()
            site.run(*one, *who, "--sops", str(stub(place, first + body).path), stdin=REFUSED, expect=[2, 3])
        for words in opening if number < 2 else opening[:1]:
            site.run("secrets", *words, *who, "--sops", str(always / "sops"), expect=[2, 3])
    for missing in ("/nonexistent/sops", str(site.root / "pulp.yaml"), "/bin/true"):
        site.run(*one, *who, "--sops", missing, stdin=REFUSED, expect=[3])

    # Wrong identities.
    stranger, broken = site.home / "stranger.txt", site.home / "broken.txt"
    stranger.write_text(person().identity + "\n")
    mine = site.identity.read_text()
    broken.write_text(mine.replace("AGE-SECRET-KEY-1", "AGE-SECRET-KEY-1Q"))
    inside = site.root / "identity.txt"
    for identity in (stranger, broken, inside, site.home):
        if identity == inside:
            shutil.copy(site.identity, inside)
        for words in opening if identity == stranger else opening[:2]:
            site.run("secrets", *words, "--identity", str(identity), expect=[2, 3])
    inside.unlink()
    broken.unlink()

    # Wrong recipients; a private key where a public one belongs.
    private = person().identity
    site.run("secrets", "recipients", "add", "admin", private, *who, expect=[2])
    site.run("secrets", "init", "--age-recipient", private, *who, expect=[2])
    site.run("secrets", "init", f"--cluster=dev={private}", *who, expect=[2])
    site.run("secrets", "ensure", f"--ca-key={private}", *who, expect=[2])
    (site.home / "later.txt").write_text(private + "\n")  # a secret as well: searched for
    recipients = site.root / "secrets/recipients.yaml"
    right = recipients.read_text()
    recipients.write_text(right.replace("  ci: []", f"  ci: [{private}]"))
    for words in (("ensure",), ("check",), ("status",), ("rekey",)):
        site.run("secrets", *words, *who, expect=[2])
    recipients.write_text(right)

    # What comes in by the wrong way, or must not be a value.
    for options, content in (
        (("--stdin",), b"@" + REFUSED), (("--stdin",), REFUSED + b"\0"), (("--stdin",), b""),
        (("--stdin",), REFUSED * 60_000), (("--stdin", "--fd", "0"), REFUSED), (("--fd", "99"), REFUSED), ((), REFUSED),
        (("--from-env", "NONE"), REFUSED), (("--stdin", "--key", "none"), REFUSED),
    ):  # fmt: skip
        words = ("secrets", "set", "prod/pulp-postgres-configuration", *options, *who)
        allowed = (0, 2) if content == REFUSED + b"\0" else (2, 3)
        site.run(*words, stdin=content, expect=allowed)
    site.run(*one, *who, stdin=GIVEN["prod/pulp-postgres-configuration", "password"])
    site.run("secrets", "set", "prod/none", "--stdin", *who, stdin=REFUSED, expect=[2])
    site.run(
        "secrets", "set", "dev/pulp-db-fields-encryption", "--generated", "--stdin", *who, stdin=REFUSED, expect=[2]
    )

    # A plaintext in what should be sealed. The tree is put right again.
    for path, add in (
        ("secrets/dev/pulp-secret-key.sops.yaml", b"stringData: {password: %s}\n"),
        ("secrets/vault/dev/pulp-secret-key.sops.yaml", b"password: [%s\n"),
        ("secrets/prod/pulp-s3.sealed.yaml", b"\t%s"),
        ("secrets/seals.lock.json", b"%s"),
        ("secrets/inventory.yaml", b"x: {a: %s}\n"),
    ):
        before = (site.root / path).read_bytes()
        (site.root / path).write_bytes(before + add % REFUSED)
        for words in ("secrets ensure", "secrets check --deep", "secrets status", "check", "generate"):
            site.run(*words.split(), *(who if words.startswith("secrets") else ()), expect=[0, 1, 2])
        site.run("secrets", "guard", expect=[0, 1])
        (site.root / path).write_bytes(before)

    # Nowhere to write: a file where the journal goes, no room (a limit on the size of files).
    (site.root / journal.FOLDER).write_text("")
    site.run(*one, *who, stdin=REFUSED, expect=[3])
    site.run("secrets", "rotate", "dev/pulp-admin-password", *who, expect=[3])
    (site.root / journal.FOLDER).unlink()
    site.run(*one, *who, stdin=REFUSED, expect=[3],
             before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)))  # fmt: skip

    # Interrupted and killed while sops has the plaintext.
    for name in ("SIGINT", "SIGTERM", "SIGKILL"):
        place = folder / "away" / name
        place.mkdir()
        false = stub(place, OPENS + f"os.kill(os.getppid(), {signal.Signals[name].value}); time.sleep(0.3)").path
        ends = [130, 2, 3] if name == "SIGINT" else [-signal.Signals[name].value]
        site.run(*one, *who, "--sops", str(false), stdin=REFUSED, expect=ends)

    # A defect of ours, with a plaintext in a local variable of the traceback.
    def broken_code() -> None:
        from compiler.secrets import fitting

        fitting.material.check_given = lambda value: 1 // 0 if value else None  # type: ignore[assignment,attr-defined]

    site.run(*one, *who, stdin=REFUSED, expect=[70], before=broken_code)
    site.run("secrets", "check", "--deep", *who)
    site.commit()


def looked_for(site: Site) -> list[bytes]:
    """Everything that must not be seen: what was given, every value of the vault, every private key."""
    keys = [(site.home / name).read_bytes() for name in ("own.key", "created.key")]
    values = [*EVERYTHING, *site.values(), *keys]
    found = [part for value in values for part in lines_of(value)] + site.identities()
    return [one for one in dict.fromkeys(found) if len(one) >= 12]


def test_no_plaintext_is_anywhere_after_every_command_and_every_failure(tmp_path: Path) -> None:
    """One test, because one life is enough for every place."""
    site = Site.below(tmp_path)
    life(site, tmp_path)
    failures(site, tmp_path)
    secrets = looked_for(site)
    search = Search(secrets)

    _everything_took_part(site)
    assert len(secrets) > 40
    assert len(site.identities()) >= 5

    assert search.in_files(site.root) == [], "in the tree, Git's index and its packed objects"
    objects = site.objects()
    assert b"SealedSecret" in objects
    assert search.in_bytes(objects) == [], "in a Git object"

    assert search.in_files(site.temporary) == []
    # A killed command may leave the empty folder that sops was started in.
    assert [path for path in site.temporary.rglob("*") if not path.is_dir()] == []

    asked = {"own.key", "created.key"}  # what the person wanted there, and the identities
    for path in site.home.rglob("*"):
        if path.is_file() and path.name not in asked and path.suffix not in IDENTITIES:
            assert search.in_bytes(path.read_bytes()) == [], path

    children = (site.away / "children").read_bytes()
    assert children.count(b"SOPS_DISABLE_VERSION_CHECK=true") > 100
    assert b"SOPS_AGE_KEY_FILE=/dev/fd/" in children
    assert search.in_bytes(children) == [], "in what a child was started with"

    for one in site.ran:
        if not (one.arguments[1:2] == ("show",) and one.code == 0):
            assert search.in_bytes(one.said) == [], one.arguments


def _everything_took_part(site: Site) -> None:
    used = {" ".join(one.arguments[:count]) for one in site.ran for count in (1, 2, 3)}
    assert set(_COMMANDS) <= used
    for name, one in secrets_group.commands.items():
        inner = getattr(one, "commands", None)
        for words in [f"secrets {name} {sub}" for sub in inner] if inner else [f"secrets {name}"]:
            assert words in used
    assert sum(one.code == 0 for one in site.ran) > 40
    assert sum(one.code != 0 for one in site.ran) > 60
    said = b"\n".join(one.said for one in site.ran)
    for text in (
        b"none of the identities opens it",
        b"could not seal",
        b"could not open",
        b"is a private key",
        b"interrupted",
    ):
        assert text in said, text
    (defect,) = (one for one in site.ran if b"Traceback" in one.said)
    assert defect.code == 70
    assert b"ZeroDivisionError" in defect.said
    assert b"value = <plaintext>" in defect.said  # the locals were shown, and the value has no text


@pytest.mark.parametrize("number", range(len(forms(b'one "odd" \xfc value'))))
def test_the_search_finds_each_form_in_each_place(tmp_path: Path, number: int) -> None:
    value = b'one "odd" \xfc value'
    (tmp_path / "file").write_bytes(b"before " + forms(value)[number] + b" after")
    assert Search([value]).in_files(tmp_path)
    assert Search([value]).in_bytes(b"x" + forms(value)[number])


def test_the_search_finds_what_stands_inside_of_base64_and_in_a_name(tmp_path: Path) -> None:
    value = b"a-plaintext-of-some-length"
    for shift in (b"", b"x", b"xy"):
        assert Search([value]).in_bytes(base64.b64encode(shift + value + b" and more"))
    (tmp_path / value.decode()).touch()
    assert Search([value]).in_files(tmp_path)
    assert not Search([value]).in_bytes(base64.b64encode(b"something else altogether"))
