import pytest

from swayline.testing.attacks import attack

GOOD = "user,item,behavior,time\n" + "".join(
    f"u{user},i{(user + step) % 8},{'view' if step < 4 else 'purchase'},{1_700_000_000 + 60 * step}\n"
    for user in range(20)
    for step in range(6)
)


@pytest.fixture(scope="session")
def good():
    """A sound log of 120 rows."""
    return GOOD


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(GOOD)
    return path


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A fitted model and a ledger, made once; copy them before you harm them."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "log.csv").write_text(GOOD)
    assert attack(["fit", "log.csv", "--model", "item-knn", "--out", "model"], folder).code == 0
    assert attack(["influence", "events", "model", "--user", "u1", "--out", "ledger.parquet"], folder).code == 0
    return folder
