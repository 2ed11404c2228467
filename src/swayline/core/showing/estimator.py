"""What scikit-learn asks of an estimator: settings that can be read, set and copied."""

import inspect
from typing import Any, ClassVar, Self

import pyarrow as pa

from swayline.core.errors import UsageError, nearest
from swayline.core.showing.result import Result


class Estimator:
    """Settings stand in ``__init__`` under their own names, what was learned ends in ``_``.

    ``sklearn.base.clone``, ``get_params`` and ``set_params`` work on every subclass.

    Examples
    --------
    >>> class Mean(Estimator):
    ...     def __init__(self, k=1, seed=0):
    ...         self.k, self.seed = k, seed
    >>> Mean(k=3).get_params()
    {'k': 3, 'seed': 0}
    >>> Mean(k=3)
    Mean(k=3)
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Every setting by name.

        Parameters
        ----------
        deep : bool
            For scikit-learn; no setting of ours has settings of its own.
        """
        found: dict[str, Any] = {}
        for name, one in _settings(type(self)).items():
            if one.kind is inspect.Parameter.VAR_KEYWORD:
                found |= getattr(self, name)
            else:
                found[name] = getattr(self, name)
        return found

    def set_params(self, **params: Any) -> Self:
        """Change settings; what was learned stays until the next ``fit``.

        Raises
        ------
        UsageError
            There is no such setting, or its value cannot be used.
        """
        settings = _settings(type(self))
        open_ended = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in settings.values())
        for name in params:
            if name not in settings and not open_ended:
                raise UsageError(f"{type(self).__name__} has no setting {name!r}: {nearest(name, settings)}")
        learned = {name: value for name, value in vars(self).items() if name.endswith("_")}
        fresh = type(self)(**(self.get_params() | params))
        vars(self).clear()
        vars(self).update(vars(fresh) | learned)
        return self

    def __repr__(self) -> str:
        usual = {name: one.default for name, one in _settings(type(self)).items()}
        said = [f"{name}={value!r}" for name, value in self.get_params().items() if value is not usual.get(name, ...)]
        fitted = any(name.endswith("_") and not name.startswith("_") for name in vars(self))
        return f"{type(self).__name__}({', '.join(said)}){', fitted' if fitted else ''}"


class InfluenceEstimator(Estimator):
    """An estimator whose ``fit`` leaves rows of the influence table in ``ledger_``."""

    draw: ClassVar["staticmethod[[pa.Table], Any] | None"] = None
    """Ledger → Plotly figure."""

    def result(self) -> Result:
        """What was measured, as rows of the influence table.

        Raises
        ------
        UsageError
            Nothing yet.
        """
        if not hasattr(self, "ledger_"):
            raise UsageError(f"this {type(self).__name__} has measured nothing yet: call fit first")
        return Result(self.ledger_, repr(self), type(self).draw)

    def to_pandas(self) -> Any:
        """Rows of the influence table as a pandas frame."""
        return self.result().to_pandas()

    def to_polars(self) -> Any:
        """Rows of the influence table as a Polars frame."""
        return self.result().to_polars()

    def plot(self) -> Any:
        """A Plotly figure of what was measured."""
        return self.result().plot()

    def _repr_html_(self) -> str:
        return self.result()._repr_html_() if hasattr(self, "ledger_") else f"<code>{self!r}</code>"


def _settings(kind: type) -> dict[str, inspect.Parameter]:
    return {name: one for name, one in inspect.signature(kind).parameters.items() if name != "self"}
