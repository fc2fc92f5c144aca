#!/usr/bin/env bash
# Runs the part of ceph/s3-tests that concerns this product against the embedded S3.
#
#   tests/s3-tests.sh CHECKOUT [PYTEST OPTION...]
#
# CHECKOUT is a working copy of https://github.com/ceph/s3-tests, tried with commit 8f0ae7b.
# PYTHON names an interpreter with its requirements.txt installed (default: python3).
# What is left out, and why, stands in tests/s3-tests-skipped.txt.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
checkout=$(cd "${1:?usage: tests/s3-tests.sh CHECKOUT [PYTEST OPTION...]}" && pwd)
shift
python=${PYTHON:-python3}
skipped=$root/tests/s3-tests-skipped.txt
# Conditions, checksums, whole objects or none: what a commit here rests on. The rest of the suite is about
# features of S3 that the product never calls.
markers='conditional_write or checksum or session_policy or test_of_sts or versioning or delete_marker'
names='atomic_ or if_match or ifmatch or if_none_match or ifnonmatch or ifnonematch or multipart_resend or object_attributes'

work=$(mktemp -d)
engine=
finish() {
    # The engine ends with its standard input.
    exec 3>&- || true
    [ -z "$engine" ] || wait "$engine" || true
    rm -rf "$work"
}
trap finish EXIT

(cd "$root" && cargo build --quiet -p engines --example embedded_s3)
binary=${CARGO_TARGET_DIR:-$root/target}/debug/examples/embedded_s3
mkfifo "$work/input" "$work/output"
"$binary" "$work/data" <"$work/input" >"$work/output" 2>"$work/engine.log" &
engine=$!
exec 3>"$work/input"
{ read -r port && read -r key && read -r secret; } <"$work/output" || { cat "$work/engine.log" >&2; exit 1; }

section() { printf '[%s]\ndisplay_name = %s\nuser_id = %s\nemail = %s@example.com\naccess_key = %s\nsecret_key = %s\n%s\n' "$1" root root root "$key" "$secret" "${2:-}"; }
umask 077
{
    printf '[DEFAULT]\nhost = 127.0.0.1\nport = %s\nis_secure = False\nssl_verify = False\n\n' "$port"
    printf '[fixtures]\nbucket prefix = s3tests-{random}-\n\n'
    section 's3 main' 'api_name = us-east-1'
    section 's3 alt'
    section 's3 tenant' 'tenant = none'
    for name in iam 'iam root' 'iam alt root'; do section "$name"; done
} >"$work/s3tests.conf"
export S3TEST_CONF=$work/s3tests.conf PYTHONDONTWRITEBYTECODE=1
# STS clients of the suite name no region.
export AWS_DEFAULT_REGION=us-east-1

cd "$checkout"
collect() {
    "$python" -m pytest -p no:cacheprovider --collect-only -q "$@" s3tests/functional >"$work/collected" ||
        { cat "$work/collected" >&2; return 1; }
    grep '::' "$work/collected"
}
{
    collect -m "($markers) and not fails_on_aws"
    collect -m 'not fails_on_aws' -k "$names"
} | sort -u >"$work/chosen"

sed -n 's/^\([^#].*\) — .*/\1/p' "$skipped" | sort >"$work/skipped"
sed 's/.*:://' "$work/chosen" | sort >"$work/names"
if stale=$(comm -23 "$work/skipped" "$work/names" | grep .); then
    printf 'in %s, but not among the chosen tests:\n%s\n' "$skipped" "$stale" >&2
    exit 1
fi
grep -vE "::($(paste -sd'|' "$work/skipped"))\$" "$work/chosen" >"$work/run"

status=0
mapfile -t tests <"$work/run"
"$python" -m pytest -p no:cacheprovider -q -rf "$@" "${tests[@]}" || status=$?
printf '%s chosen, %s run, %s left out with a reason\n' \
    "$(wc -l <"$work/chosen")" "$(wc -l <"$work/run")" "$(wc -l <"$work/skipped")"
exit "$status"
