"""A run folder that a report is made from, with a model of the same log; and its pages, asked without a browser."""

import shutil

import pytest
from tests.service.conftest import Live


@pytest.fixture(scope="session")
def drawn_run(tmp_path_factory, served_run):
    """The served run of a simulated shop, with every file that the report draws (hostile ids among them)."""
    from swayline.testing.run_folder import write_run_folder

    folder = tmp_path_factory.mktemp("drawn") / "run"
    folder.mkdir()
    write_run_folder(folder, effects=True)
    for path in served_run.rglob("*"):
        to = folder / path.relative_to(served_run)
        if path.is_file() and path.name != "influence.parquet":
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
    return folder


@pytest.fixture(scope="session")
def shown(drawn_run, tmp_path_factory):
    """Pages for tests that change nothing."""
    from swayline.service.api import AppSettings
    from swayline.service.dashboard.face import Dashboard

    one = Live(drawn_run, tmp_path_factory.mktemp("shown") / "data", AppSettings(face=Dashboard()))
    yield one
    one.stop()


@pytest.fixture
def pages(drawn_run, tmp_path):
    from swayline.service.api import AppSettings
    from swayline.service.dashboard.face import Dashboard

    run = tmp_path / "run"
    shutil.copytree(drawn_run, run)
    one = Live(run, tmp_path / "data", AppSettings(face=Dashboard()))
    yield one
    one.stop()
