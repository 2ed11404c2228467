"""Options are refused at the door: EVENTS does not exist, and the option is what the error is about."""

import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.core.errors import ConfigError, UsageError

EFFECT = ("influence", "behaviors", "no.csv", "--treatment", "cart")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("run", "no.csv", "--timezone", "Asia/Shangai"), "did you mean 'Asia/Shanghai'"),
        (("fit", "no.csv", "--split", "last-ot"), "did you mean 'last-out'"),
        (("fit", "no.csv", "--model", "item-kn"), "did you mean 'item-knn'"),
        (("fit", "no.csv", "--set", "fusio=gate"), "did you mean 'fusion'"),
        (("evaluate", "no.csv", "--split", "rollin"), "did you mean 'rolling'"),
        (("evaluate", "no.csv", "--split", "time", "--cut", "2026-13-01"), "2026-01-31"),
        (("evaluate", "no.csv", "--split", "time", "--cut", "1.5"), "between 0 and 1"),
        (("evaluate", "no.csv", "--cut", "0.5"), "--cut belongs"),
        (("evaluate", "no.csv", "--target", "itm"), "did you mean 'item'"),
        (("evaluate", "no.csv", "--target", "valu"), "did you mean 'value'"),
        (("evaluate", "no.csv", "--target", "value", "--model", "transformer"), "predicts no values"),
        (("check", "https://["), "is no address"),
        (("check", "http://127.0.0.1:99999/x"), "is no address"),
        (("check", "postgresql://me:secret@[/shop"), "is no address"),
        (("tune", "no.csv", "--model", "transforme"), "did you mean 'transformer'"),
        (("tune", "no.csv", "--split", "rolling"), "last-out"),
        ((*EFFECT, "--window", "1 day"), "s, m, h, d or w"),
        ((*EFFECT, "--horizon", "0d"), "positive"),
        ((*EFFECT, "--from", "yesterday"), "2026-01-31"),
        ((*EFFECT, "--estimand", "atee"), "did you mean 'ate'"),
        ((*EFFECT, "--learner", "bosting"), "did you mean 'boosting'"),
        ((*EFFECT, "--unit", "itme"), "did you mean 'item'"),
        (("influence", "spread", "no.parquet", "--deadline", "soon"), "s, m, h, d or w"),
        (("influence", "spread", "no.parquet", "--model", "linear"), "linear-threshold"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, tuple) else "",
)
def test_a_wrong_option_is_said_before_anything_is_read(words, hint):
    done = CliRunner().invoke(app, [*words])
    assert isinstance(done.exception, UsageError), done.exception
    assert hint in str(done.exception)


def test_a_wrong_setting_of_a_run_is_said_before_anything_is_read(tmp_path):
    (tmp_path / "c.toml").write_text('[model_settings."item-knn"]\nneighbors = 3\n')
    done = CliRunner().invoke(
        app, ["run", "no.csv", "--config", str(tmp_path / "c.toml"), "--out", str(tmp_path / "r")]
    )
    assert isinstance(done.exception, UsageError)
    assert "did you mean 'neighbours'" in str(done.exception)


@pytest.mark.parametrize("line", ["k = true", "seed = false", "k = 3.0", 'k = "3"', "[reading.paging]\nfirst = true"])
def test_what_is_no_whole_number_is_none_in_a_configuration(tmp_path, line):
    (tmp_path / "c.toml").write_text(f"{line}\n")
    done = CliRunner().invoke(
        app, ["run", "no.csv", "--config", str(tmp_path / "c.toml"), "--out", str(tmp_path / "r")]
    )
    assert isinstance(done.exception, ConfigError)
    assert "number" in str(done.exception)
