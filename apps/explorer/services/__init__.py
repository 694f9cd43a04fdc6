"""The pages of services: all of them, one of them, and what is slow."""
