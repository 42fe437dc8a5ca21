"""Near the hosts: opens sessions under a grant, runs jobs, answers with outcomes."""
