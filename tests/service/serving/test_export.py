"""Everybody's list as a table is what the service answers."""

from swayline.service.serving import all_lists


def test_the_table_holds_what_each_person_is_answered(live):
    live.send({"event_id": "1", "user": "newcomer", "item": "i00001", "behavior": "view"})
    table = all_lists(live.service.loaded, 5)
    users = set(table["user"].to_pylist())
    assert "newcomer" in users
    assert users == set(live.service.loaded.bundle.dataset.users.names) | {"newcomer"}
    for user in ("u00001", "newcomer"):
        mine = [row["item"] for row in table.to_pylist() if row["user"] == user]
        assert mine == live.list(user, k=5)
    live.client.delete("/v1/users/u00001")
    assert "u00001" not in all_lists(live.service.loaded, 5)["user"].to_pylist()
