#!/bin/sh
# Writes Redis' access list: Pulp's user by the hash of its password, and a user for probes that may only ping.
set -eu
umask 077
hash=$(tr -d '\r\n' < /etc/pulp/secrets/redis-configuration/password | sha256sum | cut -d ' ' -f 1)
printf '%s\n' \
  "user default off" \
  "user pulp on #$hash ~* &* +@all -@admin" \
  "user probe on nopass -@all +ping" \
  > /run/redis/users.acl
