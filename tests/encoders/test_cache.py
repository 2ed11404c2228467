"""Where vectors of texts are kept."""

from pathlib import Path

import pytest

from swayline.core.errors import UsageError
from swayline.encoders import default_cache


def test_without_a_home_the_cache_asks_for_a_place(monkeypatch, tmp_path):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    for name in ("SWAYLINE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(UsageError, match="SWAYLINE_CACHE"):
        default_cache()
    monkeypatch.setenv("SWAYLINE_CACHE", str(tmp_path))
    assert default_cache() == tmp_path / "vectors"
