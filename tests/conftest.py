"""What every test has in common: nothing is kept in the home folder of whoever runs them."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SWAYLINE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
