"""The changes, oldest first: `NNNN_what.py`."""
