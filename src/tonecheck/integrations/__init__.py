"""Where tonecheck meets other programs; each module imports its host only when it is used."""
