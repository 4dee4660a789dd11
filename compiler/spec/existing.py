"""Rules for Secrets that somebody else makes: under the names that ours have, and named in one place only."""

from __future__ import annotations

from compiler.spec.keys import nearest_word
from compiler.spec.models import Spec
from compiler.spec.node import Path
from compiler.spec.parts import Part, parts
from compiler.spec.reader import shorten
from compiler.spec.wrong import Wrong


def check_existing(spec: Spec, wrong: Wrong) -> None:
    """``secrets.existing``, and the short forms of it in other sections."""
    known = parts(spec)
    short = _short_forms(spec)
    for part, existing in spec.secrets.existing.items():
        place: Path = ("secrets", "existing", part)
        if part not in known:
            wrong.add(f'Pulp mounts no Secret "{shorten(part)}"', place, hint=_hint(part, spec.name, tuple(known)))
            continue
        if part in short:
            other = ".".join(str(step) for step in short[part])
            wrong.add(f"{other} names the Secret already", place, hint="say it in one of the two places")
        for key in existing.keys:
            _key(key, known[part], (*place, "keys", key), wrong)
    for part in ("database", "cache"):
        section = getattr(spec, part)
        outer = section.external if section is not None else None
        if outer is not None and outer.user_key is not None and outer.secret is None:
            wrong.add("a key of which Secret? none is named", (part, "external", "user_key"), hint="name it in secret")


def _short_forms(spec: Spec) -> dict[str, Path]:
    found: dict[str, Path] = {}
    if spec.database is not None and spec.database.external is not None and spec.database.external.secret:
        found["postgres-configuration"] = ("database", "external", "secret")
    if spec.cache is not None and spec.cache.external is not None and spec.cache.external.secret:
        found["redis-configuration"] = ("cache", "external", "secret")
    if spec.storage is not None and spec.storage.s3 is not None and spec.storage.s3.secret:
        found["s3"] = ("storage", "s3", "secret")
    return found


def _hint(part: str, name: str, known: tuple[str, ...]) -> str:
    bare = part.removeprefix(f"{name}-")
    near = bare if bare in known else nearest_word(bare.replace("_", "-"), list(known))
    return f'did you mean "{near}"?' if near else f"Pulp mounts {', '.join(known)}"


def _key(key: str, part: Part, place: Path, wrong: Wrong) -> None:
    allowed = [*part.keys, *part.optional]
    if key not in allowed:
        near = nearest_word(key, allowed)
        hint = (
            f'did you mean "{near}"?' if near else f"our keys are {', '.join(allowed)}: write ours first, then theirs"
        )
        wrong.add(f'"{shorten(key)}" is no key of this Secret', place, hint=hint)
