#!/bin/sh
# Waits for the database, then applies all migrations. A failed migration fails the Job's pod, never passes silently.
set -u
deadline=$(($(date +%s) + GATE_SECONDS))
until output=$(pulpcore-manager showmigrations core 2>&1); do
  if [ "$(date +%s)" -ge "$deadline" ]; then
    printf '%s\n' "$output"
    echo "gave up after ${GATE_SECONDS} s: the database does not answer" >&2
    exit 1
  fi
  echo "not yet: $(printf '%s\n' "$output" | tail -n 1)"
  sleep 3
done
exec pulpcore-manager migrate --noinput
