"""The command line: click commands that parse, call the workspace and the rooms, and print. No logic."""
