"""Ingest: turn any source into calibrated, timestamped temperature frames; say when a camera is silent or frozen."""
