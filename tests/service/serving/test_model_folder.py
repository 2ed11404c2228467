"""A bare model folder is served too, with what its own catalogue knows."""

from tests.service.conftest import Live


def test_a_model_folder_serves_lists_filters_and_words(served_run, tmp_path):
    live = Live(served_run / "model", tmp_path / "data")
    category = live.client.get("/v1/items/i00001").json()["columns"]["category"]
    some = live.list("u00001", filter=f"category = '{category}'", k=5)
    assert {live.client.get(f"/v1/items/{one}").json()["columns"]["category"] for one in some} == {category}
    title = live.client.get("/v1/items/i00001").json()["label"]
    assert live.client.post("/v1/recommendations", json={"query": title}).json()["items"]
    assert live.client.get("/v1/influence").status_code == 404
    live.stop()
