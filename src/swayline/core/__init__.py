"""Floor 0: names, types, errors, time, random numbers, progress, files. Imports nothing of ours."""
