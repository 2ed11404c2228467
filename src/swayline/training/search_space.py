"""Which settings ``swayline tune`` tries, model by model. Models that choose their own on validation are not here."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.trial import Trial

Space = dict[str, tuple[Any, ...]]
"""Setting → its choices: a tuple of values, or ("from", low, high) for numbers on a logarithmic scale."""

_FROM = "from"

SPACES: dict[str, Space] = {
    "transformer": {
        "block": ("ligr", "sasrec", "hstu"),
        "embedding_dim": (64, 128, 256),
        "n_blocks": (1, 2, 3),
        "n_heads": (1, 2, 4),
        "expansion": (1, 2),
        "dropout": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
        "positions": ("start", "end", "none"),
        "times": (False, True),
        "windows": (False, True),
        "n_negatives": (256, 1024, 4096),
        "batch_tokens": (1024, 2048, 4096),
        "learning_rate": (_FROM, 3e-4, 3e-3),
    },
}


def suggest(trial: "Trial", space: Space) -> dict[str, object]:
    """One setting of each kind, drawn by the study."""
    return {name: _suggest(trial, name, choices) for name, choices in space.items()}


def _suggest(trial: "Trial", name: str, choices: tuple[Any, ...]) -> object:
    if choices[0] == _FROM:
        return trial.suggest_float(name, choices[1], choices[2], log=True)
    return trial.suggest_categorical(name, choices)
