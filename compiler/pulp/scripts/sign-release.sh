#!/bin/sh
# Called by Pulp with a Release file: writes InRelease and Release.gpg into the folder that Pulp names (else beside it),
# and prints where, as JSON.
set -eu
folder=${PULP_TEMP_WORKING_DIR:-$(dirname "$1")}
case $folder in *[\"\\]*) echo "a folder's name with quotes or backslashes is not used" >&2; exit 1 ;; esac
sign() {
  gpg --batch --no-tty --quiet --yes --digest-algo SHA512 --local-user "$PULP_SIGNING_KEY_FINGERPRINT" --armor "$@"
}
sign --detach-sign --output "$folder/Release.gpg" "$1"
sign --clearsign --output "$folder/InRelease" "$1"
printf '{"signatures": {"inline": "%s/InRelease", "detached": "%s/Release.gpg"}}\n' "$folder" "$folder"
