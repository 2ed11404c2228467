import tomllib

import pyarrow.parquet as pq
import pytest

from swayline.core.errors import ArtifactError, UsageError
from swayline.dataset import from_lists, last_out
from swayline.models import create
from swayline.training import tune
from swayline.training.search_space import SPACES

FIXED = {"max_epochs": 2, "embedding_dim": 16, "n_blocks": 1}


@pytest.fixture(scope="module")
def split():
    rows = [[(user * 3 + step) % 20 for step in range(4 + user % 5)] for user in range(60)]
    return last_out(from_lists(rows, 20))


def test_a_study_never_ends_below_the_defaults_and_goes_on_where_it_stopped(split, tmp_path) -> None:
    first = tune(split, "transformer", 2, tmp_path, seed=1, fixed=FIXED)
    assert len(first.trials) == 2
    more = tune(split, "transformer", 3, tmp_path, seed=1, fixed=FIXED)
    assert more.trials["valid_ndcg"].to_pylist()[:2] == first.trials["valid_ndcg"].to_pylist()
    assert len(more.trials) == 3
    assert more.trials["block"][0].as_py() == "default"
    assert more.valid_ndcg >= max(value for value in more.trials["valid_ndcg"].to_pylist() if value is not None)
    assert pq.read_table(tmp_path / "trials.parquet").num_rows == 3


def test_the_best_settings_are_a_configuration_that_a_model_takes(split, tmp_path) -> None:
    tuned = tune(split, "transformer", 2, tmp_path, fixed=FIXED)
    written = tomllib.loads((tmp_path / "best.toml").read_text())["model_settings"]["transformer"]
    assert written == tuned.settings
    model = create("transformer", **written).fit(split.train, split.valid)
    assert max(line["valid_ndcg"] for line in model.history_) == pytest.approx(tuned.valid_ndcg)


def test_a_trial_that_was_killed_is_set_aside(split, tmp_path) -> None:
    import optuna

    tune(split, "transformer", 1, tmp_path, fixed=FIXED)
    study = optuna.load_study(study_name="swayline", storage=f"sqlite:///{tmp_path / 'study.db'}")
    study.ask()
    tuned = tune(split, "transformer", 3, tmp_path, fixed=FIXED)
    assert tuned.trials["state"].to_pylist()[:2] == ["complete", "fail"]
    assert len(tuned.trials) == 3


def test_a_study_of_other_data_or_a_model_that_tunes_itself_is_refused(split, tmp_path) -> None:
    tune(split, "transformer", 1, tmp_path, fixed=FIXED)
    with pytest.raises(ArtifactError, match="another log"):
        tune(split, "transformer", 2, tmp_path, fixed={**FIXED, "max_epochs": 1})
    with pytest.raises(UsageError, match="by itself"):
        tune(split, "item-knn", 1, tmp_path / "other")


def test_every_setting_that_is_tried_exists() -> None:
    for model, space in SPACES.items():
        for name, choices in space.items():
            for value in choices[1:] if choices[0] == "from" else choices:
                create(model, **{name: value})
