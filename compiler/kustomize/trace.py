"""The trace of a build: after each step, what every object it touched looks like, and what made it so.

Give one to ``build(tree, path, Options(trace=Trace()))``; afterwards :attr:`Trace.histories` stands beside
``Rendering.objects``. :mod:`compiler.kustomize.trace_chain` reads the story of a field from a history, and
:mod:`compiler.kustomize.trace_lines` the line of each step. The pipeline calls this module only when a trace is
wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from compiler.kustomize.errors import KustomizeError
from compiler.kustomize.identity import Origin
from compiler.kustomize.kustfile import Kustomization
from compiler.kustomize.resource import Resource, Resources
from compiler.kustomize.scalars import Shared, copy, text_of
from compiler.kustomize.steps import Step
from compiler.kustomize.values import value_of


class Cause(NamedTuple):
    """What made or changed an object.

    Args:
        kind: ``File`` for an object read from a file, else what the real tool calls it: ``ConfigMapGenerator``,
            ``PatchTransformer``, …; ``HashTransformer``, ``NameReferenceTransformer``, ``VariableReference`` and
            ``Output`` (annotations as strings, ``buildMetadata``) run once, at the root.
        file: the kustomization that asks for it; of ``File``, the file itself. Relative to the tree's root.
        field: the field of the kustomization, empty when no field asks for it.
        entry: the place in that field, where it is a list.
        source: what the step was configured with (a patch, documents, operations), for its lines.
        origin: where it stands, when that is not the kustomization: the object's document, a plugin's configuration.
    """

    kind: str
    file: str
    field: str = ""
    entry: int | None = None
    source: Any = None
    origin: Origin | None = None

    @property
    def place(self) -> str:
        """The field with its entry: ``patches[1]``."""
        return self.field if self.entry is None else f"{self.field}[{self.entry}]"


class Moment(NamedTuple):
    """An object after a step.

    Args:
        cause: the step.
        data: the whole object then, plain data; empty when the step removed it.
    """

    cause: Cause
    data: dict[str, Any]


class History(NamedTuple):
    """How an object came to be.

    Args:
        moments: the steps that made or changed it, in order; the first made it, the last left it as it was printed.
    """

    moments: tuple[Moment, ...]

    @property
    def data(self) -> dict[str, Any]:
        """The object as it was printed."""
        return self.moments[-1].data

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it had, the last one first."""
        found = [str((one.data.get("metadata") or {}).get("name", "")) for one in reversed(self.moments) if one.data]
        return tuple(dict.fromkeys(found))


class _Record:
    """The history of one resource while it is made. It holds the resource, so that its ``id`` stays its own."""

    __slots__ = ("last", "moments", "resource")

    def __init__(self, resource: Resource, moments: list[Moment]) -> None:
        self.resource = resource
        self.moments = moments
        self.last: Any = None


class Trace:
    """Records one build."""

    def __init__(self) -> None:
        self.histories: tuple[History, ...] = ()
        """The histories of the objects, in the order of the rendering."""
        self.removed: tuple[History, ...] = ()
        """The histories of the objects that a patch deleted; their last moment holds no data."""
        self.files: dict[str, Kustomization] = {}
        """The kustomizations that took part, by path."""
        self._records: dict[int, _Record] = {}

    def read(self, resources: Iterable[Resource], file: Kustomization) -> None:
        """Take note of the resources that have come from files since the last call."""
        self.files[file.path] = file
        for resource in resources:
            if id(resource) not in self._records:
                origin = resource.origin
                self._start(resource, Cause("File", origin.path, origin=origin))

    def generated(
        self, resource: Resource, replaced: Resource | None, file: Kustomization, field: str, entry: int | None
    ) -> None:
        """Take note of what a generator made; the story of the object that it merged into or replaced goes on."""
        kind = f"{resource.kind}Generator" if field.endswith("Generator") else field
        cause = Cause(kind, file.path, field, entry)
        moments = [] if replaced is None else self._records[id(replaced)].moments
        self._records[id(resource)] = _Record(resource, moments)
        self.observe([resource], cause)

    def run(self, step: Step, file: Kustomization, resources: Resources) -> None:
        """Run a step, in the smallest pieces that can be told apart, and take note of what each changed.

        Raises:
            KustomizeError: what the step raises.
        """
        for work, source in _pieces(step):
            work(resources)
            cause = Cause(step.kind, file.path, step.field, step.entry, source, step.origin)
            self.observe(resources, cause)
            for record in self._records.values():
                if not record.resource.node and record.moments[-1].data:
                    record.moments.append(Moment(cause, {}))

    def observe(self, resources: Iterable[Resource], cause: Cause) -> None:
        """Take note of what has changed since the last look."""
        for resource in resources:
            record = self._records.get(id(resource))
            if record is None:
                self._start(resource, cause)
            else:
                self._look(record, cause)

    def root_step(self, resources: Iterable[Resource], file: Kustomization, kind: str) -> None:
        """Take note of what a step changed that no single entry of the kustomization asks for."""
        field = {"validators": "validators", "VariableReference": "vars"}.get(kind, "")
        self.observe(resources, Cause(kind, file.path, field))

    def finish(self, resources: Iterable[Resource]) -> None:
        """Keep the histories of the objects that are printed, in their order."""
        self.histories = tuple(History(tuple(self._records[id(resource)].moments)) for resource in resources)
        gone = (record for record in self._records.values() if not record.moments[-1].data)
        self.removed = tuple(History(tuple(record.moments)) for record in gone)
        self._records.clear()

    def _start(self, resource: Resource, cause: Cause) -> None:
        record = self._records[id(resource)] = _Record(resource, [])
        self._look(record, cause)

    def _look(self, record: _Record, cause: Cause) -> None:
        node = record.resource.node
        if record.last is not None and record.last == node:
            return
        record.last = copy(node)
        data = _snapshot(node)
        if not record.moments or not same(data, record.moments[-1].data):
            record.moments.append(Moment(cause, data))


def same(one: Any, other: Any) -> bool:
    """Whether two values print alike: ``1``, ``1.0`` and ``true`` are three values; the order of keys is nothing."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other) if isinstance(one, float) else bool(one == other)


def _snapshot(node: Any) -> Any:
    """Plain data; a scalar that could not be printed yet is its text."""
    if type(node) is dict:
        return {str(key): _snapshot(value) for key, value in node.items()}
    if type(node) is list:
        return [_snapshot(value) for value in node]
    if type(node) is Shared:
        return _snapshot(node.node)
    try:
        return value_of(node)
    except KustomizeError:
        return text_of(node)


def _pieces(step: Step) -> Iterator[tuple[Callable[[Resources], None], Any]]:
    """A step as steps that have one source each, and that source."""
    work = step.run
    given = work.keywords if isinstance(work, partial) else {}
    if isinstance(work, partial):
        for name in ("documents", "entries"):  # patchesStrategicMerge and replacements run one after another anyway
            if len(given.get(name, ())) > 1:
                for one in given[name]:
                    yield partial(work.func, *work.args, **{**given, name: [one]}), [one]
                return
    sources = (given.get(name) for name in ("patch", "documents", "entries", "path"))
    yield work, next((source for source in sources if source is not None), None)
