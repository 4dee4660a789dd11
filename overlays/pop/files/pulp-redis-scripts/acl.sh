#!/bin/sh
# Writes Redis' access list: Pulp's user by the hash of its password, a user for probes that may only ping, and one
# that may only set options, whose password is made here and is known in this pod alone.
set -eu
umask 077
hash() { tr -d '\r\n' | sha256sum | cut -d ' ' -f 1; }
head -c 32 /dev/urandom | hash > /run/redis/reload
printf '%s\n' \
  "user default off" \
  "user pulp on #$(hash < /etc/pulp/secrets/redis-configuration/password) ~* &* +@all -@admin" \
  "user probe on nopass -@all +ping" \
  "user reload on #$(hash < /run/redis/reload) -@all +config|set" \
  > /run/redis/users.acl
