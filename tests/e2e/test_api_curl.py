"""A portal's integration with nothing but a shell and curl, over TLS and without: ask, approve, use, watch, give back."""

import subprocess

import pytest
from support.people import wait_until

PRELUDE = r"""
set -euo pipefail
fail() { echo "FAILED: $*" >&2; exit 1; }
member() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -n 1; }
api() { curl -sS --fail-with-body --max-time 20 "${tls[@]}" "$@"; }
json=(-H 'Content-Type: application/json')

# Until the stream of events holds such a line.
wait_for() {
  for _ in $(seq 400); do
    if grep -q "$1" "$work/events"; then return; fi
    sleep 0.05
  done
  fail "no $2"
}

# A person in a browser: the cookie in a jar, the CSRF token beside it.
log_in() {
  api "${json[@]}" -c "$work/$1.jar" -d "{\"user\": \"$1\", \"password\": \"$1\"}" "$url/api/v1/login" | member csrf_token >"$work/$1.csrf"
  [ -s "$work/$1.csrf" ] || fail "no CSRF token for $1"
}
as() {
  local who=$1
  shift
  api -b "$work/$who.jar" -H "X-CSRF-Token: $(cat "$work/$who.csrf")" "$@"
}
"""

FLOW = PRELUDE + r"""
api "$url/healthz" | grep '"ok"' >/dev/null
api "$url/openapi.yaml" | grep '^openapi: 3.1' >/dev/null
log_in alice
log_in carol
[ "$(as alice "$url/api/v1/me" | member user)" = alice ] || fail "somebody else"

# The portal works with a token that may ask and query and nothing else.
token=$(as alice "${json[@]}" -d '{"name": "portal", "scopes": ["read", "request", "query"], "lifetime": "1 hour"}' \
  "$url/api/v1/tokens" | member token)
bearer=(-H "Authorization: Bearer $token")

# What would it take?
api "${bearer[@]}" "${json[@]}" -d '{"access": "SELECT ON sales.orders"}' "$url/api/v1/requests/preview" | grep '"jit_approver"' >/dev/null

# A refused statement says as data what to ask for.
code=$(curl -sS "${tls[@]}" -o "$work/refused.json" -w '%{http_code}' "${bearer[@]}" "${json[@]}" \
  -d '{"sql": "SELECT count(*) FROM sales.orders"}' "$url/api/v1/sql")
[ "$code" = 403 ] || fail "not refused: $code"
grep -q '"cure"' "$work/refused.json"

curl -sN --max-time 60 "${tls[@]}" "${bearer[@]}" "$url/api/v1/events" >"$work/events" &
events=$!
trap 'kill $events 2>/dev/null || true' EXIT
wait_for '^: ' "the beginning of the stream"

location=$(api "${bearer[@]}" "${json[@]}" -D - -o /dev/null \
  -d '{"statement": "SELECT count(*) FROM sales.orders", "duration": "30m", "reason": "INC-4711: stuck orders"}' \
  "$url/api/v1/requests" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
[ -n "$location" ] || fail "no Location"
as carol "${json[@]}" -d '{"comment": "go ahead"}' "$url$location/approve" | grep '"approved"' >/dev/null

for _ in $(seq 200); do
  [ "$(api "${bearer[@]}" "$url$location" | member status)" = active ] && break
  sleep 0.05
done
api "${bearer[@]}" "${json[@]}" -d '{"sql": "SELECT count(*) FROM sales.orders"}' "$url/api/v1/sql" | grep '"values":\["1000"\]' >/dev/null
[ "$(api "${bearer[@]}" "${json[@]}" -H 'Accept: text/csv' -d '{"sql": "SELECT count(*) AS n FROM sales.orders"}' \
  "$url/api/v1/sql" | tr -d '\r' | tail -n 1)" = 1000 ] || fail "no CSV"

api "${bearer[@]}" -X POST "$url$location/revoke" | grep '"revoked"' >/dev/null
wait_for '^event: revoked' "the event"
for kind in requested approved granted revoked; do
  grep -q "^event: $kind" "$work/events" || fail "no event $kind"
done
as alice -X POST "$url/api/v1/logout"
code=$(curl -sS "${tls[@]}" -o /dev/null -w '%{http_code}' -b "$work/alice.jar" "$url/api/v1/me")
[ "$code" = 401 ] || fail "still in: $code"
echo "the whole way"
"""


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
def test_portal_goes_the_whole_way_with_curl(secure, shop, portals, certificates, tmp_path):
    portal = portals(shop, tls=certificates if secure else None)
    setup = f"work={tmp_path}\n" + (f"url=https://localhost:{portal.daemon.port}\ntls=(--cacert {certificates.ca})\n" if secure
                                    else f"url=http://127.0.0.1:{portal.daemon.port}\ntls=()\n")
    done = subprocess.run(["bash", "-c", setup + FLOW], capture_output=True, text=True, timeout=80)
    assert done.returncode == 0 and done.stdout.endswith("the whole way\n"), f"{done.stdout}{done.stderr}"


def test_certificate_of_somebody_else_is_not_trusted(shop, portals, certificates):
    portal = portals(shop, tls=certificates)
    done = subprocess.run(["curl", "-sS", f"https://localhost:{portal.daemon.port}/healthz"], capture_output=True,
                          text=True)
    assert done.returncode == 60, done


def test_curl_that_is_stopped_stops_its_statement(shop, portal, tmp_path):
    alice = portal.login("alice")
    curl = subprocess.Popen(["curl", "-sN", "-H", f"Cookie: {alice.headers['Cookie']}", "-H",
                             f"X-CSRF-Token: {alice.headers['X-CSRF-Token']}",
                             "-H", "Content-Type: application/json", "-d", '{"sql": "SELECT pg_sleep(60)"}',
                             f"http://127.0.0.1:{portal.daemon.port}/api/v1/sql"], stdout=subprocess.DEVNULL)
    wait_until(lambda: shop.dba("SELECT 1 FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep' AND state = 'active'"),
               what="the statement running")
    curl.kill()
    curl.wait()
    wait_until(lambda: not shop.dba("SELECT 1 FROM pg_stat_activity WHERE query ~ '^SELECT pg_sleep' AND state = 'active'"),
               what="the statement being cancelled")
