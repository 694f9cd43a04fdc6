"""The service map: layout, drawing, page."""
