import pytest

from swayline.pipeline import RunSettings
from swayline.testing import small_shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """Files of a small simulated shop."""
    import pyarrow.parquet as pq

    folder = tmp_path_factory.mktemp("shop")
    world = small_shop(seed=0)
    for name in ("events", "items", "users", "ties"):
        pq.write_table(getattr(world, name), folder / f"{name}.parquet")
    return folder


@pytest.fixture(scope="session")
def quick():
    """Settings that train in a second."""
    return RunSettings(models=("most-popular", "item-knn"), explained_users=5)
