"""The targeting of whole flows: where expressions stand, what tests say of them, which flow waits for which.

expressions(fields)   every targeting expression of a flow, with its path
run_tests(flow, now)  the outcome of each entry of `tests:`
flow_coverage(...)    which terms some test saw true, and which false
waiting_graph(flows)  which flow waits for which
changed_waits(…)      what a change does to that
known_flow(…)         the steps and fields that references are held against
"""
