#!/bin/sh
# Makes the cluster, the role and the database when the volume is empty, and sets the role's password to the one in
# the Secret at every start, so that a new password needs a restart and nothing else. No password is an argument.
set -eu
umask 077
password=$(tr -d '\r\n' < /etc/pulp/secrets/postgres-configuration/password | sed "s/'/''/g")

statements() { # one statement a line, which is how PostgreSQL's single-user mode reads them
  # A failing statement must not be logged: it may hold the password.
  postgres --single -D "$1" -c log_min_error_statement=panic postgres > /tmp/single-user.log 2>&1 || { cat /tmp/single-user.log >&2; exit 1; }
  if grep -q 'ERROR:' /tmp/single-user.log; then
    grep 'ERROR:' /tmp/single-user.log >&2
    exit 1
  fi
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # Elsewhere first, then renamed: a cluster that stands at PGDATA is complete, whenever this was interrupted.
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 \
    --auth-local=peer --auth-host=scram-sha-256 --data-checksums --no-instructions
  printf "%s\n" \
    "CREATE ROLE pulp LOGIN PASSWORD '$password'" \
    "CREATE DATABASE pulp OWNER pulp" | statements "$PGDATA.new"
  rmdir "$PGDATA" 2> /dev/null || true
  mv "$PGDATA.new" "$PGDATA"
else
  printf "%s\n" "ALTER ROLE pulp PASSWORD '$password'" | statements "$PGDATA"
fi
