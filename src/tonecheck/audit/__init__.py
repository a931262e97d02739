"""Audits exported conversations: verdict files, a summary, and a report that people can read."""
