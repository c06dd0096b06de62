import numpy as np
from threadpoolctl import threadpool_info

from ml.forecasting.threads import single_threaded


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_blas_has_one_thread_inside_and_its_own_number_after():
    np.ones((2, 2)) @ np.ones((2, 2))
    before = blas_threads()

    @single_threaded
    def inside(factor: int) -> set[int]:
        """What runs."""
        return {factor * number for number in blas_threads()}

    assert inside(factor=3) == {3} and inside.__doc__ == "What runs."
    assert blas_threads() == before
