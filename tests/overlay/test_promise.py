"""Promise 2: build(overlay(parent, wanted)) == wanted, for any two models of the stated domain."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings

from compiler.k8s.objects import Model
from compiler.kustomize import build
from compiler.kustomize.tree import MemoryTree
from compiler.overlay import compute, flat
from tests.overlay.folders import oracle, under
from tests.overlay.strategies import model_pairs

Pair = tuple[Model, Model]
_ALL = list(HealthCheck)


def written(pair: Pair) -> dict[str, str]:
    """The definition of the wanted model, the parent's folder, and the computed overlay between them."""
    parent, wanted = pair
    return {
        **under("flat", flat(wanted)),
        **under("base", compute(None, parent, base=None)),
        **under("over", compute(parent, wanted, base="../base")),
    }


@settings(max_examples=100, deadline=None, suppress_health_check=_ALL)
@given(model_pairs())
def test_the_overlay_builds_to_the_wanted_model(pair: Pair) -> None:
    tree = MemoryTree(written(pair))
    assert build(tree, "over").text == build(tree, "flat").text


@settings(max_examples=25, deadline=None, suppress_health_check=_ALL, phases=[Phase.generate], derandomize=True)
@given(model_pairs(size=8))
def test_the_real_kustomize_builds_it_to_the_wanted_model(pair: Pair) -> None:
    flat_text, over_text = oracle(written(pair), "flat", "over")
    assert over_text == flat_text


@settings(max_examples=40, deadline=None, suppress_health_check=_ALL)
@given(model_pairs())
def test_a_model_that_is_its_parent_needs_no_patch(pair: Pair) -> None:
    parent, _ = pair
    assert list(compute(parent, parent, base="../base")) == ["kustomization.yaml"]


@settings(max_examples=40, deadline=None, suppress_health_check=_ALL)
@given(model_pairs())
def test_the_order_of_objects_and_runs_makes_no_difference(pair: Pair) -> None:
    parent, wanted = pair
    turned = Model(wanted.objects[::-1], wanted.config_maps[::-1], wanted.namespace)
    backwards = Model(parent.objects[::-1], parent.config_maps[::-1], parent.namespace)
    assert compute(backwards, turned, base="../base") == compute(parent, wanted, base="../base")
