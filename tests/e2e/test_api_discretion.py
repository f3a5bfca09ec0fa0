"""What is told to whom it does not concern, and what is not seen that should be: nothing."""

import pytest


def test_login_at_a_server_that_is_down_does_not_tell_strangers_where_it_is(own_server, own_shop, portals):
    portal = portals(own_shop)
    own_server.stop("immediate")
    for caller in (portal, portal.bearer("jit_" + "A" * 43)):
        caller.checked = False
        answer = caller.call("POST", "/login", body={"user": "x", "password": "y"}) if caller is portal else caller.get("/me")
        assert answer.status == 503 and str(own_server.port) not in answer.text(), answer


def test_users_of_one_target_do_not_learn_of_the_errors_of_another(shop, portals):
    class Elsewhere:
        database = "secret_db_name"
        server = type("Server", (), {"host": "127.0.0.1", "port": shop.server.port})
    alice = portals(shop, Elsewhere).login("alice", target=shop.database)
    other = [t for t in alice.get("/targets").ok()["targets"] if t["name"] == "secret_db_name"][0]
    assert not other.get("last_error"), other


def test_token_that_may_only_read_revokes_no_other(portal):
    alice = portal.login("alice")
    keep = alice.token("request", name="important")
    number = alice.get("/tokens").ok()["tokens"][0]["id"]
    portal.bearer(alice.token("read", name="leaked")).delete(f"/tokens/{number}")
    assert portal.bearer(keep).get("/me").status == 200


@pytest.mark.parametrize("code", [0x61C, 0x115F, 0x1160, 0x180E, 0xFE0F, 0xFFA0, 0xFFF9, 0xE0041], ids=hex)
def test_invisible_characters_are_no_part_of_a_reason(quiet_portal, code):
    """core/text.cpp knows them as deceptive, jit.check_words does not."""
    answer = quiet_portal.login("alice").post("/requests", access="SELECT ON sales.orders", duration="1h", reason=f"INC-1 {chr(code)} x")
    assert answer.status == 422, answer.status
