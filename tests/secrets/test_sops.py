"""What sops seals for us opens to the same bytes for everybody who should, and nothing that it prints is believed."""

from __future__ import annotations

import base64
import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from compiler.errors import CompilerError, WorldError
from compiler.secrets import documents, sops, sopsfile, tool
from compiler.secrets.documents import SecretDocument
from compiler.secrets.plaintext import Plaintext
from compiler.secrets.tool import Sops
from tests.secrets.support import NOBODY, Person, person
from tests.support.oracle import kustomize_build

ODD = [
    b"x", b"\n", b"trailing\n", b"\0nul\0", b"\xff\xfe", b"1e3", b"12e4", b"08", b"0o17", b"+.5", b"-.5e3", b"0x1F",
    b"1_000", b"0123", b"1:30", b"yes", b"no", b"null", b"~", b"=", b"<<", b".inf", b"2024-01-01", b"${X}", b"$(X)",
    b"%s", b"@format", b"'\"\\'''", "\u0085\u2028\ufeff\x7f".encode(), b"ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]",
    b"-----BEGIN X-----\r\nAA==\r\n-----END X-----\r\n", b"sops:\n  mac: x\n", b"true", b"a: b", b"- a", b"---\n",
    b"# c", base64.b64decode("1234"), base64.b64decode("00e1"), "🔑".encode(), b" lead and trail ", b"\ttab",
]  # fmt: skip


@pytest.fixture(scope="module")
def real() -> Iterator[Sops]:
    with tool.find(None) as found:
        yield found


@pytest.fixture(scope="module")
def admin() -> Person:
    return person()


@pytest.fixture(scope="module")
def cluster() -> Person:
    return person()


def document(values: dict[str, bytes]) -> dict[str, Any]:
    wrapped = {key: Plaintext(value) for key, value in values.items()}
    return SecretDocument("pulp-x", "pulp", wrapped, labels={"on": "1e3", "app": "pulp"}).manifest()


def decrypt(real: Sops, content: bytes, who: Person) -> subprocess.CompletedProcess[bytes]:
    """The stock ``sops decrypt``, as Flux's neighbours, KSOPS and people run it."""
    return subprocess.run(
        [str(real.path), "decrypt", "--input-type", "yaml", "--output-type", "json"],
        input=content,
        capture_output=True,
        env={"SOPS_AGE_KEY": who.identity, "HOME": "/nonexistent", "SOPS_DISABLE_VERSION_CHECK": "true"},
        check=False,
    )


def test_every_odd_value_comes_back_byte_for_byte_for_each_recipient(
    real: Sops, admin: Person, cluster: Person
) -> None:
    values = {f"k{number}": value for number, value in enumerate(ODD)}
    content = sops.seal(real, document(values), [admin.recipient, cluster.recipient])
    for who in (admin, cluster):
        opened = json.loads(decrypt(real, content, who).stdout)
        assert {key: base64.b64decode(value) for key, value in opened["data"].items()} == values
        assert opened["metadata"]["labels"] == {"app": "pulp", "on": "1e3"}
    assert decrypt(real, content, person()).returncode == 128


def test_a_value_may_be_a_word_that_the_file_holds_anyway(real: Sops, admin: Person) -> None:
    words = [
        "pulp-x", "password-key", "kubernetes", "metadata", "AES256_GCM", "encrypted_regex", "^(data|stringData)$",
        "-----BEGIN AGE ENCRYPTED FILE-----", admin.recipient, "kustomize.toolkit.fluxcd.io/substitute", "disabled",
    ]  # fmt: skip
    values = {"password-key": b"password-key", **{f"k{number}": word.encode() for number, word in enumerate(words)}}
    content = sops.seal(real, document(values), [admin.recipient])
    opened = sops.unseal(real, content, "x", [admin.recipient], admin.identities())
    assert opened == {key: Plaintext(value) for key, value in values.items()}


def test_the_last_guard_finds_a_value_where_ciphertext_should_be(real: Sops) -> None:
    manifest = document({"password": b"value-canary"})
    sops._refuse_plaintext(real, "AAAA" * 20, manifest)
    for hidden in ("AAAAvalue-canaryAAAA", "AAAA" + manifest["data"]["password"].rstrip("=")):
        with pytest.raises(WorldError, match="holds a plaintext"):
            sops._refuse_plaintext(real, hidden, manifest)


def test_only_data_is_sealed_and_only_for_the_recipients(real: Sops, admin: Person, cluster: Person) -> None:
    content = sops.seal(real, document({"password": b"hunter2-canary"}), [cluster.recipient, admin.recipient])
    parsed = yaml.safe_load(content)
    assert [block["recipient"] for block in parsed["sops"]["age"]] == sorted([admin.recipient, cluster.recipient])
    assert parsed["sops"]["mac_only_encrypted"] is True
    assert parsed["data"]["password"].startswith("ENC[AES256_GCM,")
    assert parsed["metadata"]["annotations"] == {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
    assert list(parsed) == sorted(parsed)
    assert b"hunter2" not in content
    assert base64.b64encode(b"hunter2-canary").rstrip(b"=")[:16] not in content


def test_the_stock_sops_opens_what_kustomize_made_of_a_sealed_file(real: Sops, admin: Person, tmp_path: Path) -> None:
    content = sops.seal(real, document({"b": b"1e3", "a": b"two"}), [admin.recipient])
    (tmp_path / "x.sops.yaml").write_bytes(content)
    (tmp_path / "kustomization.yaml").write_text("resources: [x.sops.yaml]\nlabels: [{pairs: {team: content}}]\n")
    built = kustomize_build(tmp_path)
    assert built.returncode == 0, built.stderr
    done = decrypt(real, built.stdout, admin)
    assert done.returncode == 0
    opened = json.loads(done.stdout)
    assert opened["data"] == {"a": "dHdv", "b": "MWUz"}
    assert opened["metadata"]["labels"]["team"] == "content"


def test_it_opens_with_our_own_call_and_without_sops(real: Sops, admin: Person) -> None:
    manifest = document({"password": b"hunter2", "other": b"x"})
    content = sops.seal(real, manifest, [admin.recipient])
    opened = sops.unseal(real, content, "x", [admin.recipient], admin.identities())
    assert opened == {"password": Plaintext(b"hunter2"), "other": Plaintext(b"x")}
    without = sopsfile.open_values(documents.load(content, "x"), admin.identity)
    assert without == {("data", key): value.encode() for key, value in manifest["data"].items()}


def test_a_wrong_identity_and_none_are_told(real: Sops, admin: Person) -> None:
    content = sops.seal(real, document({"a": b"value"}), [admin.recipient])
    with pytest.raises(CompilerError, match="none of the identities opens it"):
        sops.unseal(real, content, "x", [admin.recipient], person().identities())
    with pytest.raises(CompilerError):
        sops.unseal(real, content, "x", [admin.recipient], NOBODY)


def test_sealing_twice_gives_other_bytes(real: Sops, admin: Person) -> None:
    manifest = document({"a": b"value"})
    assert sops.seal(real, manifest, [admin.recipient]) != sops.seal(real, manifest, [admin.recipient])


def test_hostile_surroundings_change_nothing(
    real: Sops, admin: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".sops.yaml").write_text("creation_rules: [{{{ broken")
    (tmp_path / ".config" / "sops" / "age").mkdir(parents=True)
    (tmp_path / ".config" / "sops" / "age" / "keys.txt").write_text("rubbish")
    monkeypatch.chdir(tmp_path)
    rubbish = {
        "HOME": str(tmp_path), "SOPS_AGE_KEY": "rubbish", "SOPS_AGE_KEY_CMD": "touch run", "VAULT_TOKEN": "t",
        "SOPS_AGE_RECIPIENTS": person().recipient, "AWS_PROFILE": "x", "SOPS_CONFIG": "/nonexistent",
    }  # fmt: skip
    for name, value in rubbish.items():
        monkeypatch.setenv(name, value)
    content = sops.seal(real, document({"a": b"value"}), [admin.recipient])
    assert sops.unseal(real, content, "x", [admin.recipient], admin.identities()) == {"a": Plaintext(b"value")}
    assert not (tmp_path / "run").exists()


TAMPERED = {
    "an injected recipient": lambda d: d["sops"]["age"].append(
        {**d["sops"]["age"][0], "recipient": person().recipient}
    ),
    "a foreign key source": lambda d: d["sops"].update(hc_vault=[{"vault_address": "http://127.0.0.1:9"}]),
    "another regex": lambda d: d["sops"].update(encrypted_regex="^data$"),
    "the full MAC mode": lambda d: d["sops"].update(mac_only_encrypted=False),
    "no MAC": lambda d: d["sops"].pop("mac"),
    "a plain value": lambda d: d["data"].update(extra="aGVsbG8="),
    "an empty value": lambda d: d["data"].update(extra=""),
    "stringData": lambda d: d.update(stringData={"extra": "hello"}),
    "no metadata": lambda d: d.pop("sops"),
    "another kind of age block": lambda d: d["sops"]["age"][0].update(
        enc="-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3Jn\n-----END AGE ENCRYPTED FILE-----\n"
    ),
}


@pytest.mark.parametrize("name", list(TAMPERED))
def test_an_edited_file_is_refused_before_sops_sees_it(real: Sops, admin: Person, name: str) -> None:
    parsed = yaml.safe_load(sops.seal(real, document({"a": b"value"}), [admin.recipient]))
    TAMPERED[name](parsed)
    content = yaml.safe_dump(parsed).encode()
    with pytest.raises(CompilerError):
        sops.unseal(Sops(Path("/nonexistent/sops")), content, "x", [admin.recipient], admin.identities())


def test_a_moved_or_edited_value_does_not_open(real: Sops, admin: Person) -> None:
    parsed = yaml.safe_load(sops.seal(real, document({"a": b"value", "b": b"other"}), [admin.recipient]))
    parsed["data"]["a"], parsed["data"]["b"] = parsed["data"]["b"], parsed["data"]["a"]
    with pytest.raises(CompilerError, match="changed after it was sealed"):
        sops.unseal(real, yaml.safe_dump(parsed).encode(), "x", [admin.recipient], admin.identities())


def test_vault_files_cannot_change_places(real: Sops, admin: Person) -> None:
    content = sops.seal(real, documents.vault_document("demo/a", {"k": Plaintext(b"v")}), [admin.recipient])
    with pytest.raises(CompilerError, match="does not hold the values of demo/b"):
        sops.unseal_values(real, content, "x", "demo/b", [admin.recipient], admin.identities())
    renamed = content.replace(b'"demo/a"', b'"demo/b"')
    with pytest.raises(CompilerError, match="changed after it was sealed"):
        sops.unseal_values(real, renamed, "x", "demo/b", [admin.recipient], admin.identities())


def stub(folder: Path, body: str, *, version: str = "3.11.0") -> Sops:
    """A false sops: a Python script that has ``arguments``, ``given`` (its standard input) and ``real`` (what the real
    sops prints for them) and prints something."""
    path = folder / "sops"
    path.write_text(
        f"#!{sys.executable}\n"
        "import json, os, subprocess, sys, time\n"
        "arguments = sys.argv[1:]\n"
        f"if arguments == ['--version']:\n    print('sops {version}'); sys.exit(0)\n"
        "given = sys.stdin.buffer.read()\n"
        "def real(data=None, args=None):\n"
        f"    return subprocess.run(['{tool.find(None).path}', *(args or arguments)], input=data or given,\n"
        "                          stdout=subprocess.PIPE, close_fds=False).stdout\n"
        f"{body}\n"
    )
    path.chmod(0o755)
    return Sops(path, timeout=5)


LIES = {
    "nothing": "pass",
    "nonsense": "print('sealed!')",
    "a list": "print('[]')",
    "what it was given": "sys.stdout.buffer.write(given)",
    "a broken JSON": "sys.stdout.buffer.write(real()[:-9])",
    "a duplicate key": "sys.stdout.buffer.write(real().replace(b'{', b'{\"data\": {},', 1))",
    "two documents": "sys.stdout.buffer.write(real() * 2)",
    "other values": "sys.stdout.buffer.write(real(given.replace(b'dmFsdWUtY2FuYXJ5', b'b3RoZXItY2FuYXJ5')))",
    "another name": "sys.stdout.buffer.write(real().replace(b'pulp-x', b'pulp-y'))",
    "a plain value beside": "d = json.loads(real()); d['data']['plain'] = 'dmFsdWU='; print(json.dumps(d))",
    "the plaintext in its metadata": "d = json.loads(real()); d['sops']['note'] = given.decode(); print(json.dumps(d))",
    "one more recipient": (
        "d = json.loads(real()); d['sops']['age'].append(dict(d['sops']['age'][0], recipient='age1' + 'q' * 58));"
        "print(json.dumps(d))"
    ),
    "the full MAC": ("os.environ.pop('SOPS_CONFIG'); sys.stdout.buffer.write(real())"),
    "an older answer": (
        "p = os.path.join(os.path.dirname(sys.argv[0]), 'old')\n"
        "old = open(p, 'rb').read() if os.path.exists(p) else real()\n"
        "open(p, 'wb').write(old); sys.stdout.buffer.write(old)"
    ),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_a_false_sops_that_exits_0_is_not_believed(tmp_path: Path, admin: Person, lie: str) -> None:
    with stub(tmp_path, LIES[lie]) as false:
        if lie == "an older answer":
            sops.seal(false, document({"password": b"value-canary"}), [admin.recipient])
        with pytest.raises(WorldError, match="exited 0, but") as caught:
            sops.seal(false, document({"password": b"value-canary"}), [admin.recipient])
    assert "canary" not in str(caught.value)
    assert "dmFsdWU" not in str(caught.value)


def test_the_stub_that_tells_the_truth_is_believed(tmp_path: Path, admin: Person) -> None:
    with stub(tmp_path, "sys.stdout.buffer.write(real())") as honest:
        assert b"ENC[" in sops.seal(honest, document({"password": b"value-canary"}), [admin.recipient])


def test_a_failing_sops_is_reported_without_its_words(
    tmp_path: Path, admin: Person, capfd: pytest.CaptureFixture[str]
) -> None:
    body = "sys.stderr.buffer.write(given); sys.stdout.buffer.write(given); sys.exit(23)"
    with stub(tmp_path, body) as failing, pytest.raises(WorldError, match="exit code 23") as caught:
        sops.seal(failing, document({"password": b"value-canary"}), [admin.recipient])
    captured = capfd.readouterr()
    assert "dmFsdWU" not in captured.out + captured.err + str(caught.value)
    assert caught.value.__cause__ is None


def test_a_hanging_sops_is_given_up(tmp_path: Path, admin: Person) -> None:
    with stub(tmp_path, "time.sleep(60)") as hanging:
        hanging._timeout = 0.5
        with pytest.raises(WorldError, match="did not finish"):
            sops.seal(hanging, document({"a": b"value"}), [admin.recipient])


@pytest.mark.parametrize("version", ["3.8.1", "2.0.0", "next"])
def test_a_sops_that_is_too_old_or_unknown_is_refused(tmp_path: Path, admin: Person, version: str) -> None:
    with stub(tmp_path, "pass", version=version) as old, pytest.raises(WorldError, match=r"3\.9\.0|which version"):
        sops.seal(old, document({"a": b"value"}), [admin.recipient])


def test_a_missing_sops_and_one_that_is_not_executable_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(WorldError, match="there is no sops at"):
        tool.find(str(tmp_path / "none"))
    (tmp_path / "sops").write_text("")
    with pytest.raises(WorldError, match="not executable"):
        tool.find(str(tmp_path / "sops"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(tool, "_of_wheel", lambda: None)
    with pytest.raises(WorldError, match="sops was not found"):
        tool.find(None)


def test_the_working_folder_goes_with_the_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = tool.find(None)
    found.version()
    assert len(list(tmp_path.iterdir())) == 1
    del found
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_sops_on_the_path_comes_before_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(tmp_path, "pass")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tool.find(None).path == tmp_path / "sops"
    assert tool.find("sops").path == tmp_path / "sops"


def test_the_child_gets_no_secret_in_arguments_or_environment_and_leaves_no_file(
    tmp_path: Path, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    log = tmp_path / "log"
    body = (
        "seen = [arguments, dict(os.environ), os.listdir('.'), os.getcwd()]\n"
        f"open({str(log)!r}, 'a').write(json.dumps(seen) + '\\n')\n"
        "sys.stdout.buffer.write(real())"
    )
    with stub(tmp_path, body) as spy:
        content = sops.seal(spy, document({"password": b"value-canary"}), [admin.recipient])
        sops.unseal(spy, content, "x", [admin.recipient], admin.identities())
    calls = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(calls) == 2
    for arguments, environment, listing, folder in calls:
        text = json.dumps([arguments, environment])
        assert "canary" not in text
        assert "dmFsdWU" not in text
        assert "SECRET-KEY" not in text
        assert set(environment) - {"LC_CTYPE"} <= {
            "PATH", "HOME", "XDG_CONFIG_HOME", "SOPS_DISABLE_VERSION_CHECK", "SOPS_CONFIG", "SOPS_AGE_KEY_FILE",
            "GOMAXPROCS", "GOGC",
        }  # fmt: skip
        assert listing == []
        assert not Path(folder).exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "sops"]
