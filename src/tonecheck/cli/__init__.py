"""The command line, one file a command; everything heavy is imported inside the commands."""
