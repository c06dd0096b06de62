"""Two small operations on frames that may lack columns or rows."""

import pandas as pd


def with_columns(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """The frame, absent columns added empty (text for ids, days for *_date, else numbers)."""
    dtypes = {name: "str" if name.endswith("_id") else "datetime64[us]" if name.endswith("date") else "float64" for name in names}
    absent = {name: pd.Series(None, index=frame.index, dtype=dtype) for name, dtype in dtypes.items() if name not in frame}
    return frame.assign(**absent) if absent else frame


def looked_up(keys: pd.Series, values: pd.Series) -> pd.Series:
    """For each key the value at that index label (unique labels), missing where there is none; works on empty series of any kind."""
    return pd.Series(values.reindex(keys).array, index=keys.index)
