"""What a whole thread shows that no single reply does."""
