#!/bin/sh
# Restarts the pods of a workload and waits for the new ones: restart.sh CONTEXT WORKLOAD
set -eu
kubectl --context="$1" rollout restart "$2"
kubectl --context="$1" rollout status "$2" --timeout="${ROLLOUT_TIMEOUT:-5m}"
