"""The trace page: its address (state), the trace behind it (loaded), its rows, its head and its span panel."""
