#!/bin/sh
# Called by Pulp with an image's manifest: writes an atomic container signature (containers/image, signature-protocols)
# of it under the name REFERENCE to SIG_PATH, and prints where, as JSON. Not compressed: Pulp reads the text inside.
set -eu
case $REFERENCE$SIG_PATH in *[\"\\]*) echo "a name with quotes or backslashes is not signed" >&2; exit 1 ;; esac
digest=$(sha256sum "$1")
printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"sha256:%s"},"type":"atomic container signature"},"optional":{"creator":"pulp","timestamp":%s}}' \
  "$REFERENCE" "${digest%% *}" "$(date +%s)" |
  gpg --batch --no-tty --quiet --yes --digest-algo SHA512 --local-user "$PULP_SIGNING_KEY_FINGERPRINT" \
    --compress-algo none --sign --output "$SIG_PATH"
printf '{"signature_path": "%s"}\n' "$SIG_PATH"
