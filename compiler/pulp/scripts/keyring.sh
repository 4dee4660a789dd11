#!/bin/sh
# Imports the signing keys into a keyring that exists in memory only, and that no other user may open.
set -eu
umask 077
mkdir -p "$GNUPGHOME"
for key in /etc/pulp/secrets/signing*/signing_service.gpg; do
  gpg --batch --quiet --import "$key"
done
# Signing starts an agent of its own in the container that signs.
gpgconf --kill gpg-agent || true
