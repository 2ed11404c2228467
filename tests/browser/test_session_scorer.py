"""A small model in Chromium: the lists of Python, and no request to anybody else."""

import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import numpy as np
import pytest
from tests.conftest import until

from swayline.dataset import Sequences, from_lists, last_out
from swayline.models import Transformer, TransformerSettings, recommend

SETTINGS = TransformerSettings(
    embedding_dim=32, n_blocks=2, n_heads=4, max_epochs=2, batch_tokens=512, learning_rate=3e-3, averaging=0.9,
    n_negatives=64, warmup_steps=10, max_length=6, dropout=0.1, device="cpu", repeats=False, weights="int8",
)  # fmt: skip


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def walks(n_users: int = 150, n_items: int = 50) -> Sequences:
    rng = np.random.default_rng(0)
    rows = [((rng.integers(n_items) + np.arange(n)) % n_items).tolist() for n in rng.integers(1, 12, n_users)]
    acts = [rng.integers(2, size=len(row)).tolist() for row in rows]
    return from_lists(rows, n_items, behaviors=acts, n_behaviors=2)


@pytest.mark.parametrize("changes", [{}, {"block": "sasrec", "positions": "end"}], ids=str)
def test_a_session_scored_in_the_browser_has_the_list_of_the_model(chromium, tmp_path, changes) -> None:
    log = walks()
    split = last_out(log)
    model = Transformer(replace(SETTINGS, **changes)).fit(split.train, split.valid)
    model.write_browser(tmp_path, True, [f"item {n}" for n in range(50)], ["view", "buy"])
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    asked: list[str] = []
    page = chromium.new_page()
    try:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        until(page, "globalThis.swaylineScorer !== undefined")
        some = log.take(np.arange(12))
        wanted, scores = recommend(model, some, 10, True)
        for row in range(12):
            items = [f"item {n}" for n in some.items[some.of(row)]]
            acts = [["view", "buy"][n] for n in some.behaviors[some.of(row)]]
            found = page.evaluate(
                "([items, acts]) => swaylineScorer.best(['never met', ...items], 10, [null, ...acts])", [items, acts]
            )
            assert [one["item"] for one in found] == [f"item {n}" for n in wanted[row]]
            np.testing.assert_allclose([one["score"] for one in found], scores[row], rtol=1e-3, atol=1e-3)
        page.fill("#session", "item 3\nitem 4")
        page.click("#ask")
        assert page.locator("#list tr").count() == 10
        assert {urlsplit(url).netloc for url in asked} == {f"127.0.0.1:{server.server_port}"}
    finally:
        page.close()
        server.shutdown()
        server.server_close()
