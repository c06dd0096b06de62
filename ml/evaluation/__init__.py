"""Did it come true? What judges every model, out of time.

- `metrics`: METRICS, the named measures of error, ranking, calibration and bands, each with its direction
- `baselines`: the naive rules a model has to beat
- `backtest`: a predictor replayed at past cutoffs
- `promotion`: whether a challenger replaces the champion
"""
