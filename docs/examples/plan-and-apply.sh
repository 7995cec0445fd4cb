#!/usr/bin/env bash
# For any CI: run `plan-and-apply.sh plan` in a pull request and `plan-and-apply.sh apply` on the merge. Options of
# flowsync may follow. The results are in $RESULTS: plan.md for reviewers, plan.json for programs, apply.md, and
# record.jsonl, which flowsync rollback needs: upload it if the workspace does not last.
#
#   plan    needs FRIGADE_PUBLIC_API_KEY, which reads
#   apply   needs FRIGADE_API_KEY, which writes: give it to this step only
#   BASE    the commit where the branch began, to detect edits in the dashboard. In most CIs
#           BASE=$(git merge-base HEAD origin/main), in a checkout with history
set -euo pipefail

what=${1:?plan or apply}
shift
results=${RESULTS:-flowsync-results}
mkdir -p "$results"

flowsync validate

code=0
flowsync plan --detailed-exitcode --format markdown --out "$results/plan.json" ${BASE:+--base "$BASE"} "$@" \
  > "$results/plan.md" || code=$?
cat "$results/plan.md"

case "$what:$code" in
  plan:0 | plan:2) ;;
  apply:0 | apply:2) flowsync apply "$results/plan.json" --record "$results/record.jsonl" --format markdown "$@" |
    tee "$results/apply.md" ;;
  *) exit "$code" ;;
esac
