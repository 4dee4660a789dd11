#!/bin/sh
# Waits for the database, then applies all migrations. A failed migration fails the Job's pod, never passes silently.
set -u
deadline=$(($(date +%s) + GATE_SECONDS))
export SCHEMA=migrate DEADLINE="$deadline"
exec pulpcore-manager shell -c "exec(open('/etc/pulp/job-scripts/schema.py').read())"
