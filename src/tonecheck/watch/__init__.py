"""Follows conversations that grow, and tells people of threads that cross the line."""
