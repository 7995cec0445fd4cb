"""`flowsync ci`: the commands' own steps, with what GitHub shows of them around."""
