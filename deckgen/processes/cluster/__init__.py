"""Tasks on other machines: the profile of a machine, the executor over its nodes, and what runs on each node."""
