#!/bin/sh
# Called by Pulp with a file: writes an armored signature beside it, and prints where, as JSON.
set -eu
case $1 in *[\"\\]*) echo "a file's name with quotes or backslashes is not signed" >&2; exit 1 ;; esac
gpg --batch --no-tty --quiet --yes --digest-algo SHA512 --local-user "$PULP_SIGNING_KEY_FINGERPRINT" \
  --armor --detach-sign --output "$1.asc" "$1"
printf '{"file": "%s", "signature": "%s.asc"}\n' "$1" "$1"
