"""A private moderation service: protocols that forum software already speaks, and a review page."""
