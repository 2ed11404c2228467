from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from swayline.core.errors import MissingExtraError, UsageError
from swayline.dataset import Sequences, from_lists, last_out
from swayline.models import Transformer, TransformerSettings, recommend
from swayline.models.sequence.export import OnnxLists, Portable, check_portable, write_onnx
from swayline.models.sequence.export.onnx_file import as_rows

SETTINGS = TransformerSettings(
    embedding_dim=32, n_blocks=2, n_heads=4, max_epochs=2, batch_tokens=512, learning_rate=3e-3, averaging=0.9,
    n_negatives=64, warmup_steps=10, max_length=6, dropout=0.1, device="cpu", repeats=False,
)  # fmt: skip


def walks(n_users: int = 150, n_items: int = 50, n_behaviors: int = 1) -> Sequences:
    rng = np.random.default_rng(0)
    rows = [((rng.integers(n_items) + np.arange(n)) % n_items).tolist() for n in rng.integers(1, 12, n_users)]
    acts = [rng.integers(n_behaviors, size=len(row)).tolist() for row in rows]
    return from_lists(rows, n_items, behaviors=acts, n_behaviors=n_behaviors)


def fitted(**changes: object) -> Transformer:
    split = last_out(walks())
    return Transformer(replace(SETTINGS, **changes)).fit(split.train, split.valid)


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"block": "sasrec", "positions": "end"}, {"block": "hstu", "positions": "none"}, {"weights": "int8"},
        {"temperature": 0.1, "neighbours": False},
    ],
    ids=str,
)  # fmt: skip
def test_the_portable_form_scores_as_the_model_does(changes: dict[str, object]) -> None:
    model = fitted(**changes)
    items, behaviors = (torch.from_numpy(rows) for rows in as_rows(walks()))
    with torch.no_grad():
        found = Portable(model._scorer, hides_seen=False)(items, behaviors).numpy()
    np.testing.assert_allclose(found, model.score(walks()), rtol=1e-3, atol=1e-3)


def test_the_portable_form_reads_behaviours() -> None:
    log = walks(n_behaviors=3)
    model = Transformer(SETTINGS).fit(log)
    items, behaviors = (torch.from_numpy(rows) for rows in as_rows(log))
    with torch.no_grad():
        portable = Portable(model._scorer, hides_seen=False)
        np.testing.assert_allclose(portable(items, behaviors).numpy(), model.score(log), rtol=1e-3, atol=1e-3)
        assert not torch.allclose(portable(items, behaviors), portable(items, torch.zeros_like(behaviors)))


@pytest.mark.filterwarnings("ignore")  # PyTorch's exporter speaks of its own parts
def test_onnxruntime_makes_the_same_lists_from_one_file(tmp_path: Path) -> None:
    for library in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(library)
    model = fitted(weights="int8")
    assert model.knn_blend_ is not None
    write_onnx(tmp_path / "model.onnx", model._scorer, hides_seen=True)
    lists = OnnxLists(tmp_path / "model.onnx")
    for some in (walks(), walks(7), from_lists([[], [3]], 50)):
        items, scores = lists.best_items(some, 10)
        wanted, best = recommend(model, some, 10, True)
        np.testing.assert_array_equal(items, wanted)
        np.testing.assert_allclose(scores, best, rtol=1e-3, atol=1e-3)
    import onnx

    kinds = {one.data_type for one in onnx.load(tmp_path / "model.onnx").graph.initializer if len(one.dims) == 2}
    assert onnx.TensorProto.INT8 in kinds


def test_without_onnx_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"swayline\[onnx\]"):
        write_onnx(tmp_path / "model.onnx", fitted(max_epochs=1)._scorer, hides_seen=True)


def test_a_model_that_reads_returns_is_refused_with_a_remedy() -> None:
    model = Transformer(replace(SETTINGS, repeats=True, max_epochs=1)).fit(walks())
    with pytest.raises(UsageError, match="repeats = false"):
        check_portable(model._scorer)


def test_the_browser_form_wants_eight_bits(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="eight bits"):
        fitted(max_epochs=1).write_browser(tmp_path, True, [str(n) for n in range(50)], ["view"])
