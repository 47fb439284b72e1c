"""Where concrete things are made and connected: the running process around the rooms.

`assembly` builds the roles of a process, `supervisor` and `run` give it a life, `recordings` and
`doctor` are what the commands of these names do.
"""
