"""What value a person would give an item: baseline, neighbours, factorisation, and regression or trees on these."""

from swayline.models.value_prediction.bias import ValuePredictor, valued_events
from swayline.models.value_prediction.registry import create_value_model, value_model_names
from swayline.models.value_prediction.stacked import held_out_values

__all__ = ["ValuePredictor", "create_value_model", "held_out_values", "value_model_names", "valued_events"]
