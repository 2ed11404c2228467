"""Predictors of values by name."""

from typing import Any

from swayline.core.errors import UsageError, nearest, shown
from swayline.models.value_prediction.bias import Bias, ValuePredictor
from swayline.models.value_prediction.factorization import Factorization
from swayline.models.value_prediction.neighbours import ItemNeighbours, UserNeighbours
from swayline.models.value_prediction.stacked import ValueRegression, ValueTrees

_PREDICTORS: dict[str, Any] = {
    one.name: one for one in (Bias, UserNeighbours, ItemNeighbours, Factorization, ValueRegression, ValueTrees)
}


def value_model_names() -> list[str]:
    """Names of the models that predict values, the simplest first.

    >>> value_model_names()[0]
    'bias'
    """
    return list(_PREDICTORS)


def create_value_model(name: str, seed: int = 0) -> ValuePredictor:
    """An unfitted model of values.

    Raises
    ------
    UsageError
        No model of this name predicts values.
    """
    if name not in _PREDICTORS:
        raise UsageError(f"model {shown(name)} predicts no values: {nearest(name, _PREDICTORS)}")
    kind = _PREDICTORS[name]
    model: ValuePredictor = kind(seed) if hasattr(kind, "rounds") or kind in (ValueRegression, ValueTrees) else kind()
    return model
