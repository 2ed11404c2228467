"""Exact leave-one-out of 50-event histories, 64 dimensions, two blocks: ours, every history scored whole, Captum.

pip install --no-deps --target DIR captum; PYTHONPATH=DIR python benchmarks/why/speed.py [n_people]
"""

import sys
import time

import numpy as np
import torch

from swayline.dataset import from_lists
from swayline.influence.attribution import remove_events, score_pairs
from swayline.influence.attribution.approximate import attribute
from swayline.models import create

LENGTH, N_ITEMS = 50, 2000


def timed(work):
    started = time.process_time()
    found = work()
    return found, time.process_time() - started


def whole(model, history, users, items):
    """Each edited history scored from its start."""
    owner = np.repeat(users, LENGTH)
    place = np.tile(np.arange(LENGTH), len(users))
    edited = history.take(owner)
    kept = np.ones(len(edited.items), bool)
    kept[edited.offsets[:-1] + place] = False
    now = score_pairs(model, edited.keep(kept), np.arange(len(owner)), items[owner])
    return score_pairs(model, history, users, items)[owner] - now


def captum_ablation(model, history, users, items):
    from captum.attr import FeatureAblation

    found = []
    for user in users:
        alone = history.take(np.array([user]))

        def forward(masks, alone=alone, item=items[user]):
            edited = alone.take(np.zeros(len(masks), np.int64)).keep(masks.numpy().astype(bool).ravel())
            return torch.from_numpy(score_pairs(model, edited, np.arange(len(masks)), np.full(len(masks), item)))

        found.append(
            FeatureAblation(forward).attribute(torch.ones(1, LENGTH), perturbations_per_eval=LENGTH)[0].numpy()
        )
    return np.concatenate(found)


def captum_gradients(model, history, users, items, steps):
    from captum.attr import IntegratedGradients

    network, found = model._network, []
    for user in users:
        ((_, batch),) = model._scorer.batches(history.take(np.array([user])))
        with torch.no_grad():
            read = network.embedded(batch.items)
            none = network.embedded(torch.full_like(batch.items, N_ITEMS))
            wanted = network.answers(torch.tensor([int(items[user])]))

        def forward(inputs, batch=batch, wanted=wanted):
            return torch.stack([(network(batch, last_only=True, embedded=one) @ wanted[0])[0] for one in inputs])

        parts = IntegratedGradients(forward).attribute(
            read[None], baselines=none[None], n_steps=steps, method="riemann_middle", internal_batch_size=1
        )
        end = int(batch.last[0])
        found.append(parts[0].sum(1).detach().numpy()[end - LENGTH + 1 : end + 1])
    return np.concatenate(found)


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rng = np.random.default_rng(0)
    history = from_lists(rng.integers(N_ITEMS, size=(n, LENGTH)).tolist(), N_ITEMS)
    model = create("transformer", embedding_dim=64, n_blocks=2, n_heads=2, max_length=50, max_epochs=1, repeats=False,
                   neighbours=False).fit(history)  # fmt: skip
    users, items = np.arange(n), rng.integers(N_ITEMS, size=n)
    remove_events(model, history, users[:5], items[:5])
    ours, seconds = timed(lambda: remove_events(model, history, users, items).score_change)
    print(f"leave-one-out, ours          {n / seconds:8.0f} people a second of CPU")
    for name, work in (("every history whole", whole), ("Captum FeatureAblation", captum_ablation)):
        theirs, others = timed(lambda work=work: work(model, history, users, items))
        print(
            f"{name:<28} {n / others:8.0f}   {others / seconds:.1f} x ours, largest difference {np.abs(ours - theirs).max():.1e}"
        )
    few = users[: max(5, n // 5)]
    mine, seconds = timed(
        lambda: attribute(model, history, few, items[few], "integrated-gradients").events.score_change
    )
    theirs, others = timed(lambda: captum_gradients(model, history, few, items, 20))
    print(f"integrated gradients, ours   {len(few) / seconds:8.0f}")
    print(
        f"Captum IntegratedGradients   {len(few) / others:8.0f}   {others / seconds:.1f} x ours, largest difference {np.abs(mine - theirs).max():.1e}"
    )


if __name__ == "__main__":
    main()
