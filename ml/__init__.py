"""3T Insights without its screens. Read this map first, `ml.pipeline` second.

A line of data walks through the rooms in this order, and each file is opened once:

1. `source`       the company's data, read only: mapping, canonical tables, quality, snapshot, the demo company
2. `forecasting` `customers` `pricing` `routing`   the algorithms: pure functions on frames
3. `predictors`   one thin file per business question behind one contract (`predictors.base`)
4. `evaluation`   backtest, metrics, baselines, promotion: every figure out of time
5. `store`        what we write: predictions, releases, runs, users
6. `queries`      what screens and routes read

`pipeline` is the main flow, `jobs` says when it runs, `__main__` is the command line. Nothing here imports streamlit, and importing a
module opens no file, connection or clock.
"""
