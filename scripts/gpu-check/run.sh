#!/usr/bin/env bash
# Builds, tests and measures on a machine with a GPU, CMake, nvcc and a Python with torch, without Node or a network:
#
#   bash scripts/gpu-check/run.sh BUNDLE [OUTPUT [SECONDS]]
#
# BUNDLE is what scripts/gpu-check/bundle.mjs made. Into OUTPUT (gpu-check-results) go gpu-check.json, gpu-check.md and
# the logs, each as soon as it is known; what was in it before goes. After SECONDS (520) what still runs is ended.
set -euo pipefail
bundle="${1:?usage: run.sh BUNDLE [OUTPUT [SECONDS]]}"
output="$(realpath -m "${2:-gpu-check-results}")"
seconds="${3:-520}"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2], filter="fully_trusted")' \
  "$bundle" "$work"
export PATH="$work/bin:$PATH"
node "$work/project/scripts/gpu-check/check.mjs" --output "$output" --seconds "$seconds" --corpus "$work/corpus"
