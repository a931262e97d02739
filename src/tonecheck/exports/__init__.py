"""Exported chats and forums, one reader a format."""

from tonecheck.exports.base import Reader
from tonecheck.exports.registry import READERS, read_export, reader_named, sniff

__all__ = ["READERS", "Reader", "read_export", "reader_named", "sniff"]
