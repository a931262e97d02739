"""How Moodle, Slack and Discord would export the sample community; see make_samples.py."""
