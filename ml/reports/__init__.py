"""What a run leaves to read: `journal` while it works (lines, log file, time and memory per step), `retrain` the Markdown report after."""
