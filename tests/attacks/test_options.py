"""Options that no verb can use: one line that names the value, exit 2 (or 1 where only the data can say), nothing written."""

import pytest

from swayline.testing.attacks import attack, files_of, unchanged

_NUMBERS = ["-1", "0", "nan", "inf", "1e9", "1e999", "abc", "", "0x10", "9" * 40, "1.5", " ", "1;2", "１０", "--", "-"]
_DURATIONS = ["0d", "-1d", "1", "d", "1y", "1e999d", "nand", "infd", "1 d 2", "9" * 400 + "d", "", "1d;2d", "١d"]
_DATES = [
    "never",
    "2024-13-01",
    "2024-02-30",
    "20240201x",
    "0000-01-01",
    "99999-01-01",
    "now()",
    "1e9",
    "'; --",
    "2024-01-01T25:00",
    "2024-01-01T00:00+99:00",
]
_IDS = [
    "../../etc/passwd",
    "'; DROP TABLE x; --",
    "<script>",
    "=1+1",
    "%s%n",
    "{0}",
    "x" * 5000,
    "a\nb",
    "\x1b[2J",
    "$(id)",
    "nobody",
]
_MAPS = [
    "",
    "user",
    "=",
    "user=",
    "=x",
    "user=a,user=b",
    "nosuch=x",
    "user=nosuch",
    "user=item,item=item",
    "user=\x00",
    "user=" + "x" * 5000,
    ",,,",
    "user==x",
    "user='; --",
]
_COLUMNS = [
    "",
    ",",
    "user",
    "user,user,item,time",
    "a,b,c,d",
    "-,-,-,-",
    "user,item",
    "user,item,behavior,time,more",
    "'; --,item,behavior,time",
    "x" * 5000,
]
_DELIMITERS = ["", "ab", '"', "\n", "\\t", "tabs"]
_CONFIGS = {
    "not-toml": "][", "unknown": "nosuch = 1", "wrong-kind": 'seed = "x"', "negative": "k = -1", "huge": "k = 100000000000000000000", "models-text": 'models = "ease"', "models-unknown": 'models = ["nosuch"]', "models-empty": "models = []",
    "models-path": 'models = ["../../etc"]', "nan": "seed = nan", "inf": "k = inf", "reading-unknown": "[reading]\nnosuch = 1", "reading-kind": "reading = 5", "twice": "k = 1\nk = 2", "deep": "a = " + "[" * 5000 + "]" * 5000,
    "settings-unknown": '[model_settings.item-knn]\nnosuch = 1', "settings-model": "[model_settings.nosuch]\na = 1", "date": "seed = 2024-01-01", "nul": "k = 1 #\x00", "bool": "k = true", "outcome-list": "outcome = [1]", "zone": '[reading]\ntimezone = "Mars/Base"',
}  # fmt: skip


def _commands():
    log = "log.csv"
    for value in _NUMBERS:
        if value != "0":
            yield f"seed-{value}", ["evaluate", log, "--model", "most-popular", f"--seed={value}"]
        yield f"k-{value}", ["evaluate", log, "--model", "most-popular", "-k", value]
        yield f"users-{value}", ["simulate", f"--users={value}", "--out", "w"]
        yield f"trials-{value}", ["tune", log, f"--trials={value}", "--out", "w"]
        yield f"folds-{value}", ["evaluate", log, "--model", "most-popular", "--split", "k-fold", f"--folds={value}"]
    for value in [one for one in _NUMBERS if one not in ("0", "1.5", "1e9")]:
        yield f"budget-{value}", ["influence", "spread", "none.parquet", f"--budget={value}"]
    for value in _DURATIONS:
        yield (
            f"window-{value}",
            ["influence", "behaviors", log, "--treatment", "view", f"--window={value}", "--horizon", "1d"],
        )
        yield (
            f"horizon-{value}",
            ["influence", "behaviors", log, "--treatment", "view", "--window", "1h", f"--horizon={value}"],
        )
    for value in _DATES:
        yield f"from-{value}", ["influence", "behaviors", log, "--treatment", "view", f"--from={value}"]
        yield f"cut-{value}", ["evaluate", log, "--model", "most-popular", "--split", "time", f"--cut={value}"]
    for value in _IDS:
        yield f"user-{value}", ["influence", "events", "model", f"--user={value}"]
        yield f"item-{value}", ["influence", "events", "model", "--user", "u1", f"--item={value}"]
        yield f"outcome-{value}", ["influence", "behaviors", log, "--treatment", "view", f"--outcome={value}"]
        yield f"treatment-{value}", ["influence", "behaviors", log, f"--treatment={value}"]
        yield f"model-{value}", ["fit", log, f"--model={value}", "--out", "m"]
        yield f"set-{value}", ["fit", log, "--model", "item-knn", f"--set={value}", "--out", "m"]
        yield f"split-{value}", ["evaluate", log, "--model", "most-popular", f"--split={value}"]
        yield f"folder-{value}", ["recommend", value]
        yield f"events-{value}", ["check", value]
        yield f"run-{value}", ["report", value]
    for value in _MAPS[1:]:
        yield f"map-{value}", ["check", log, f"--map={value}"]
    for value in _COLUMNS[1:]:
        yield f"columns-{value}", ["check", log, f"--columns={value}"]
    for value in _DELIMITERS[1:]:
        yield f"delimiter-{value}", ["check", log, f"--delimiter={value}"]
    for value in ("xlsx", "CSV ", "../csv", "parquet"):
        yield f"format-{value}", ["check", log, f"--format={value}"]
    for value in (
        "http://",
        "https://[",
        "http://127.0.0.1:1/x",
        "ftp://x/y",
        "file:///etc/passwd",
        "http://127.0.0.1:99999/x",
        "postgresql://",
        "postgresql://127.0.0.1:1/x",
        "gopher://x",
        "http://\x00",
        "http://a b/",
        "s3://x/y",
    ):
        yield f"address-{value}", ["check", value]
    for name in _CONFIGS:
        yield f"config-{name}", ["run", log, "--config", f"{name}.toml", "--out", "r"]


COMMANDS = list(_commands())


@pytest.fixture(scope="module")
def here(made, tmp_path_factory):
    import shutil

    folder = tmp_path_factory.mktemp("options") / "x"
    shutil.copytree(made, folder)
    for name, text in _CONFIGS.items():
        (folder / f"{name}.toml").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "words"), COMMANDS, ids=[f"{at}-{ascii(name)[1:30]}" for at, (name, _) in enumerate(COMMANDS)]
)
def test_a_value_that_cannot_be_used_ends_in_one_line(here, name, words):
    before = files_of(here)
    verdict = attack(words, here)
    unchanged(verdict, before, here)
    assert verdict.code in (1, 2), verdict
    assert files_of(here).keys() == before.keys(), verdict
