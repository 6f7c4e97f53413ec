"""Measures the console as a terminal sees it: first frame, whole board, a refresh of a hundred environments, idling.

Owns: a pseudo-terminal, as much of a screen as is needed to read words from it, and looking at the process and at the
database server from outside. Deliberately absent: anything inside lockstep that helps with measuring.
"""


def many_numbers(world, sandbox, count, rounds, say):
    return []


def console_numbers(world, rounds, say):
    return []
