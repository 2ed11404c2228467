import json

import numpy as np
import pytest
from typer.testing import CliRunner

from swayline.cli.app import app
from swayline.training import ModelBundle


def run(*words: object) -> object:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=True)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distil")
    rng = np.random.default_rng(0)
    rows = [(user, (start + step) % 40) for user, start in enumerate(rng.integers(40, size=120)) for step in range(8)]
    (folder / "log.csv").write_text("user,item\n" + "".join(f"{user},{item}\n" for user, item in rows))
    settings = ("max_epochs=4", "embedding_dim=32", "n_heads=2", "learning_rate=0.003", "repeats=false")
    sets = [word for one in settings for word in ("--set", one)]
    done = run(
        "fit", folder / "log.csv", "--ordered", "--split", "last-out", *sets, "--out", folder / "model", "--quiet"
    )
    assert done.exit_code == 0, done.output
    return folder


def test_a_smaller_model_is_written_with_its_table_and_recommends(fitted) -> None:
    small = fitted / "small"
    done = run(
        "distil", fitted / "model", fitted / "log.csv", "--student", "transformer", "--student", "item-knn",
        "--width", 8, "--epochs", 2, "--out", small, "--json", "--quiet",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [row["model"] for row in told["models"]] == [
        "teacher", "transformer 8 × 1, fp32", "transformer 8 × 1, int8", "item-knn, taught",
    ]  # fmt: skip
    teacher, *students = told["models"]
    assert teacher["kept"] == teacher["size_share"] == teacher["speed_ratio"] == 1.0
    assert all(
        row["bytes"] < teacher["bytes"] and row["kept_low"] <= row["kept"] <= row["kept_high"] for row in students
    )
    assert json.loads((small / "distilled.json").read_text())["models"] == told["models"]
    assert told["chosen"] in {row["model"] for row in students}
    assert len(ModelBundle.load(small).recommend(["3"], 5)) == 5


def test_a_teacher_that_knows_the_answers_is_said_to(fitted, tmp_path) -> None:
    words = ("fit", fitted / "log.csv", "--ordered", "--set", "max_epochs=1", "--set", "embedding_dim=16", "--quiet")
    assert run(*words, "--out", tmp_path / "model").exit_code == 0
    done = run(
        "distil", tmp_path / "model", fitted / "log.csv", "--epochs", 1, "--width", 8, "--out", tmp_path / "s", "--json"
    )
    assert done.exit_code == 0, done.output
    assert "learned from these answers" in json.loads(done.stdout)["notes"][0]


def test_without_a_log_the_model_itself_is_kept_in_eight_bits_with_a_folder_for_the_browser(fitted, tmp_path) -> None:
    done = run("distil", fitted / "model", "--form", "browser", "--out", tmp_path / "small", "--quiet")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "small" / "browser" / "index.html").exists()
    model = ModelBundle.load(tmp_path / "small").model
    assert model.settings.weights == "int8"
    assert model.sizes_.n_items == 40


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--student", "ease-knn"), "--student 'ease-knn' is unknown"),
        (("--form", "onx"), "--form 'onx' is unknown: did you mean 'onnx'"),
        (("--width", "64"), "is no smaller than the one it learns from"),
        (("--form", "onnx", "--student", "item-knn"), "--form is written of a transformer"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_line(fitted, tmp_path, words, said) -> None:
    done = run("distil", fitted / "model", fitted / "log.csv", *words, "--out", tmp_path / "small")
    assert done.exit_code != 0
    assert said in str(done.exception)
    assert not (tmp_path / "small" / "model.json").exists()


def test_a_size_without_a_log_to_teach_it_on_is_refused(fitted, tmp_path) -> None:
    done = run("distil", fitted / "model", "--width", 8, "--out", tmp_path / "s")
    assert ("give EVENTS" in str(done.exception), (tmp_path / "s").exists()) == (True, False)


def test_another_model_is_no_teacher(fitted, tmp_path) -> None:
    assert (
        run(
            "fit", fitted / "log.csv", "--ordered", "--model", "item-knn", "--out", tmp_path / "knn", "--quiet"
        ).exit_code
        == 0
    )
    done = run("distil", tmp_path / "knn", fitted / "log.csv", "--out", tmp_path / "small")
    assert "holds item-knn, and only a transformer is made smaller" in str(done.exception)
