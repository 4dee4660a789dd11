#!/bin/sh
# Waits until the migration Job of this image and these settings has ended. Every failure counts as "not yet", so the
# gate stays shut when Django cannot even start; after GATE_SECONDS it gives up, and the pod is tried again.
set -u
deadline=$(($(date +%s) + GATE_SECONDS))
export SCHEMA=wait DEADLINE="$deadline"
exec 3>&1
while true; do
  if errors=$(pulpcore-manager shell -c "exec(open('/etc/pulp/scripts/schema.py').read())" 2>&1 >&3); then
    exit 0
  fi
  if [ "$(date +%s)" -ge "$deadline" ]; then
    printf '%s\n' "$errors" >&2
    echo "gave up after ${GATE_SECONDS} s: the database does not answer, or the migration Job has not finished" >&2
    exit 1
  fi
  echo "not yet: $(printf '%s\n' "$errors" | tail -n 1)"
  sleep 5
done
