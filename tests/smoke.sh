#!/usr/bin/env bash
# Starts a real server over the built-in sample, asks it through grpcurl all that tests/smoke/cases.sh lists, and
# compares the text that grpcurl prints with tests/smoke/<case>.txt. Any difference fails, and so does a missing or a
# left-over golden file.
#
#   tests/smoke.sh [--update] [BINARY]      BINARY: target/debug/wan-matrix; --update rewrites the golden files
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8

update=false
if [[ "${1:-}" == --update ]]; then
    update=true
    shift
fi
readonly binary="${1:-target/debug/wan-matrix}" goldens=tests/smoke
PATH="$PWD/target/tools/bin:$PATH"
# Made by the same `cargo test` as the binary.
readonly certificates="$(dirname "$binary")/examples/certificates"
for wanted in "$binary" "$certificates" grpcurl; do
    command -v "$wanted" >/dev/null || { echo "tests/smoke.sh: $wanted is not there (\`just smoke\` makes both)" >&2; exit 2; }
done

work="$(mktemp -d)"
readonly work
# Before and after midnight, here and in London: a case may straddle it.
today() { TZ=UTC0 printf '%(%F)T' "$EPOCHSECONDS"; }
london() { TZ='GMT0BST,M3.5.0/1,M10.5.0' printf '%(%F)T' "$EPOCHSECONDS"; }
readonly first_day="$(today)" first_day_in_london="$(london)"

passed=0 failed=0 server='' address='' tls=(-plaintext)
declare -A seen=()

finish() {
    [[ -z "$server" ]] || kill -KILL "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

pass() { passed=$((passed + 1)); }
fail() {
    failed=$((failed + 1))
    printf 'FAILED %s\n' "$1" >&2
    sed 's/^/    /' >&2
}

# start NAME ARGUMENT…: a server of its own data directory on a free port; sets `server` and `address`, and waits at
# most 30 s for the line that says it listens.
start() {
    local name="$1" until=$((SECONDS + 30))
    shift
    log="$work/$name.log"
    "$binary" serve --data-dir "$work/$name" --listen 127.0.0.1:0 --admin-listen off "$@" >"$log" 2>"$work/$name.err" </dev/null &
    server=$!
    address=''
    while [[ -z "$address" ]]; do
        if ! kill -0 "$server" 2>/dev/null || ((SECONDS >= until)); then
            echo "tests/smoke.sh: the server \"$name\" ended, or did not say 'gRPC listening on' in 30 s; it said:" >&2
            cat "$log" "$work/$name.err" >&2
            exit 1
        fi
        sleep 0.05
        address="$(sed -n 's/^.*gRPC listening on \([0-9.:]*\).*$/\1/p' "$log" | head -n 1)"
    done
}

# stop NAME: SIGTERM, a clean exit within 20 s.
stop() {
    local until=$((SECONDS + 20)) status=0
    kill -TERM "$server"
    while kill -0 "$server" 2>/dev/null; do
        if ((SECONDS >= until)); then
            fail "$1 stops" <<<"still running 20 s after SIGTERM"
            kill -KILL "$server"
            break
        fi
        sleep 0.05
    done
    wait "$server" || status=$?
    server=''
    if ((status == 0)); then pass; else fail "$1 stops" <<<"exit $status after SIGTERM: $(tail -n 5 "$work/$1.err")"; fi
}

# What differs from run to run, in words: the port, the time of this run, the day of this run, and page tokens.
normalised() {
    local day script="s/127\.0\.0\.1:${address##*:}/ADDRESS/g"
    script+=';s/\("\(nextP\|p\)ageToken": "\)[A-Za-z0-9_-]\{20,\}"/\1TOKEN"/'
    for day in "$first_day" "$(today)"; do
        script+=";s/${day}T[0-9:.]*Z/NOW/g"
    done
    for day in "$first_day_in_london" "$(london)"; do
        script+=";s/\"asOfDate\": \"$day\"/\"asOfDate\": \"TODAY\"/"
    done
    sed "$script"
}

# spelled_out: a DUIS document, which grpcurl prints as base64, line by line in its place.
spelled_out() {
    local line within='^(.*"document":) "([A-Za-z0-9+/]+=*)"(.*)$'
    while IFS= read -r line || [[ -n "$line" ]]; do
        if [[ "$line" =~ $within ]]; then
            printf '%s\n%s\n%s\n' "${BASH_REMATCH[1]}" "$(base64 -d <<<"${BASH_REMATCH[2]}")" "${BASH_REMATCH[3]}"
        else
            printf '%s\n' "$line"
        fi
    done
}

# compare NAME EXIT ASKED OUTPUT: against the golden file, which holds all three. OUTPUT is a file.
compare() {
    local name="$1" golden="$goldens/$1.txt" got="$work/got.txt"
    if [[ -n "${seen[$name]:-}" ]]; then
        fail "$name" <<<"two cases have this name"
        return
    fi
    seen[$name]=1
    { printf '%s\nexit %s\n\n' "$3" "$2"; spelled_out <"$4"; } | normalised >"$got"
    if $update; then
        cp "$got" "$golden"
        pass
    elif [[ ! -f "$golden" ]]; then
        fail "$name" <<<"$golden is not there; \`just smoke --update\` writes it, to be read before it is committed"
    elif ! diff -u --label "$golden" --label 'this run' "$golden" "$got" >"$work/diff.txt"; then
        fail "$name" <"$work/diff.txt"
    else
        pass
    fi
}

# ask NAME EXIT WHAT [REQUEST]: one grpcurl. WHAT is a method, or `list …` or `describe …`. REQUEST is JSON, of several
# messages for a stream. grpcurl exits with 64 + the status code.
ask() {
    local name="$1" expected="$2" what="$3" request="${4-}" status=0 asked="$3" arguments=()
    read -ra arguments <<<"$what"
    if (($# > 3)); then
        if ((${#request} <= 500)); then asked+=" $request"; else asked+=" (a request of ${#request} bytes)"; fi
        printf '%s' "$request" | grpcurl "${tls[@]}" -connect-timeout 5 -max-time 20 -d @ "$address" "${arguments[@]}" >"$work/out.txt" 2>&1 || status=$?
    else
        grpcurl "${tls[@]}" -connect-timeout 5 -max-time 20 "$address" "${arguments[@]}" >"$work/out.txt" 2>&1 </dev/null || status=$?
    fi
    if ((status != expected)); then
        seen[$name]=1
        { echo "exit $status, expected $expected, of $asked"; cat "$work/out.txt"; } | fail "$name"
    else
        compare "$name" "$status" "$asked" "$work/out.txt"
    fi
}

# as WHO: asks with that one's certificate from now on; "as nobody" with none.
as() {
    tls=(-cacert "$work/pki/ca.pem")
    [[ "$1" == nobody ]] || tls+=(-cert "$work/pki/$1.pem" -key "$work/pki/$1.key")
}

# shellcheck source=tests/smoke/cases.sh
source "$goldens/cases.sh"

for golden in "$goldens"/*.txt; do
    name="$(basename "$golden" .txt)"
    if [[ -f "$golden" && -z "${seen[$name]:-}" ]]; then
        if $update; then rm "$golden"; else fail "$name" <<<"$golden belongs to no case"; fi
    fi
done

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
