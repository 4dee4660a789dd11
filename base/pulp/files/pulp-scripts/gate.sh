#!/bin/sh
# Waits until the database answers and no migration is pending. Every failure counts as "not yet", so the gate stays
# shut when Django cannot even start; after GATE_SECONDS it gives up, and the pod is tried again.
set -u
deadline=$(($(date +%s) + GATE_SECONDS))
while true; do
  if output=$(pulpcore-manager migrate --check 2>&1); then
    echo "no migration is pending"
    exit 0
  fi
  if [ "$(date +%s)" -ge "$deadline" ]; then
    printf '%s\n' "$output"
    echo "gave up after ${GATE_SECONDS} s: the database does not answer, or the migration Job has not finished" >&2
    exit 1
  fi
  echo "not yet: $(printf '%s\n' "$output" | tail -n 1)"
  sleep 5
done
