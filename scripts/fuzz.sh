#!/usr/bin/env bash
# Fuzzes every decoder for some seconds each: scripts/fuzz.sh [seconds, 60] [target ...]
# Needs a nightly Rust (SUTRA_NIGHTLY chooses which) and cargo-fuzz; see fuzz/README.md.
set -u
cd "$(dirname "$0")/.."

seconds=${1:-60}
[ $# -gt 0 ] && shift
nightly=${SUTRA_NIGHTLY:-nightly}

case $seconds in
'' | *[!0-9]*)
  echo "usage: scripts/fuzz.sh [seconds] [target ...]" >&2
  exit 2
  ;;
esac
if ! cargo "+$nightly" fuzz --version >/dev/null 2>&1; then
  echo "needs \"rustup toolchain install $nightly\" and \"cargo install cargo-fuzz\"" >&2
  exit 2
fi

targets=$*
[ -n "$targets" ] || targets=$(cargo "+$nightly" fuzz list)

log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0
summary=''
for target in $targets; do
  mkdir -p "fuzz/corpus/$target"
  # A decoder never needs more than a few times its input: 64 MiB at once is a finding.
  if cargo "+$nightly" fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=1024 -malloc_limit_mb=64 \
    -timeout=10 -print_final_stats=1 >"$log" 2>&1; then
    state=clean
  else
    state=FAILED
    failed=1
    tail -n 60 "$log"
  fi
  count() { sed -n "s/^stat::$1: *//p" "$log" | tail -n 1; }
  runs=$(count number_of_executed_units)
  rate=$(count average_exec_per_sec)
  summary+=$(printf '%-16s %-6s %12s runs %9s a second' \
    "$target" "$state" "${runs:-0}" "${rate:-0}")
  summary+=$'\n'
  echo "$target: $state"
done
printf '\n%s' "$summary"
exit "$failed"
