#!/usr/bin/env bash
# For any CI. `plan-and-apply.sh plan` on what is proposed, `plan-and-apply.sh apply` on what was merged; options of
# flowsync may follow. Results are left in $RESULTS: plan.md to show to reviewers, plan.json for programs, apply.md, and
# record.jsonl, which flowsync rollback needs: keep it where the workspace goes away.
#
#   plan    needs FRIGADE_PUBLIC_API_KEY, which reads
#   apply   needs FRIGADE_API_KEY, which writes: give it to this step only
#   BASE    what the branch started from: the plan then tells its changes from edits in the dashboard. In most CIs
#           BASE=$(git merge-base HEAD origin/main), with the history at hand
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
