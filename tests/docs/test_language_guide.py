"""The language guide's Python runs as it stands, one block after the other, on a small shop and a tiny language model."""

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from swayline.encoders import PretrainSettings

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guide" / "language.md").read_text("utf-8")


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A simulated log where some people review, and a causal language model of a few thousand weights."""
    import transformers

    from swayline.encoders.text.vocabulary import learn_vocabulary
    from swayline.simulation import WorldSettings, write_world

    write_world(WorldSettings(users=60, items=24, events=1_500), tmp_path)
    events = pq.read_table(tmp_path / "events.parquet")
    praise, blame = "I love it, wonderful quality", "broke after a day, a waste of money"
    behaviors = events["behavior"].to_pylist()
    texts = [praise if n % 2 else blame if one == "view" and n % 7 == 0 else None for n, one in enumerate(behaviors)]
    told = ["review" if text else one for text, one in zip(texts, behaviors, strict=True)]
    for name, column in (("behavior", told), ("text", texts)):
        events = events.set_column(events.schema.get_field_index(name), name, pa.array(column, pa.string()))
    pq.write_table(events, tmp_path / "events.parquet")

    folder = tmp_path / "path" / "to" / "causal-lm"
    folder.mkdir(parents=True)
    titles = pq.read_table(tmp_path / "items.parquet")["title"].to_pylist()
    size = learn_vocabulary([*titles, "Items in order: Facts about user Summary"], 200, folder / "tokenizer.json")
    fast = transformers.PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), eos_token="[SEP]")
    fast.save_pretrained(folder)
    config = transformers.GPT2Config(
        vocab_size=size, n_positions=640, n_embd=16, n_layer=1, n_head=1, eos_token_id=fast.eos_token_id,
        bos_token_id=fast.eos_token_id,
    )  # fmt: skip
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.filterwarnings("default:tuning the text encoder did not help")  # two steps need not help
def test_every_block_runs_as_it_stands(shop: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE, re.S)
    assert len(blocks) >= 6
    quick = {
        "TextTuningSettings(": "TextTuningSettings(max_steps=2, histories=4, ",
        "pairs=pairs": "pairs=pairs, settings=QUICK",
        'fusion="concatenate"': 'fusion="concatenate", embedding_dim=16, max_epochs=1',
    }
    settings = PretrainSettings(dim=32, n_layers=1, vocabulary=300, epochs=1, batch_size=16, max_seconds=1.0)
    names: dict[str, Any] = {"QUICK": settings}
    for block in blocks:
        shortened = block
        for long, short in quick.items():
            shortened = shortened.replace(long, short)
        exec(compile(shortened, "docs/guide/language.md", "exec"), names)
    assert {"mine", "own", "tuned", "adapter"} <= {path.name for path in shop.iterdir()}
    assert names["vectors"].shape == (2, 384)
    assert names["acts"]["behavior"].to_pylist().count("review_praise") > 10
