"""Forecast: the calibrated chance of each behaviour, of return and of churn, for every person."""

from swayline.evolution.forecast.backtest import Backtest, backtest
from swayline.evolution.forecast.chances import CHURN, FORECAST, HORIZONS_DAYS, RETURN, forecast_acts
from swayline.evolution.forecast.face import Forecasts, forecast

__all__ = [
    "CHURN", "FORECAST", "HORIZONS_DAYS", "RETURN", "Backtest", "Forecasts", "backtest", "forecast", "forecast_acts",
]  # fmt: skip
