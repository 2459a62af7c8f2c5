#!/usr/bin/env bash
# What any CI can run: the growth since the target branch, reports beside.
set -euo pipefail
target="${1:-main}"
mkdir -p reports
convcost check --base "$target" --require-base -o json:reports/check.json -o junit:reports/check.xml
