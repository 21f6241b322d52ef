"""Every metric that canAIry exports, in one place. Names end in their unit; labels have few values."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# --- the loop, in every service that reads from Kafka -----------------------------------------------------------
MESSAGES_HANDLED = Counter("canairy_messages_handled", "Messages handled and committed", ["topic"])
MESSAGES_INVALID = Counter("canairy_messages_invalid", "Messages sent to the dead letters", ["topic", "reason"])
LOOP_TURNS = Counter("canairy_loop_turns", "Completed turns of the loop")
LOOP_BACKOFFS = Counter("canairy_loop_backoffs", "Turns spent waiting for a dependency that is away")
LOOP_FENCED = Counter("canairy_loop_fenced", "Batches dropped because another member had taken over")
HANDLE_SECONDS = Histogram("canairy_handle_seconds", "Time to handle one batch", buckets=SECONDS)
PUBLISH_SECONDS = Histogram("canairy_publish_seconds", "Time to write, flush and commit one batch", buckets=SECONDS)
QUARANTINED = Gauge("canairy_quarantined_keys", "Cameras whose messages are not looked at because too many were bad")
OFFSET_OUT_OF_RANGE = Counter("canairy_offset_out_of_range", "Times that retention overtook the reader", ["topic"])

# --- detection --------------------------------------------------------------------------------------------------
FRAMES_SHED = Counter("canairy_frames_shed", "Live frames skipped because they were over 10 s old", ["camera"])
FRAMES_NOT_LOOKED_AT = Counter(
    "canairy_frames_not_looked_at", "Frames in which no detector looked for equipment while the model was away"
)

# --- anomaly ----------------------------------------------------------------------------------------------------
CROPS_NOT_SCORED = Counter("canairy_crops_not_scored", "Crops measured without a score while the model was away")

# --- ingest -----------------------------------------------------------------------------------------------------
INGEST_FRAMES = Counter("canairy_ingest_frames", "Frames taken in", ["camera"])
INGEST_REFUSED = Counter("canairy_ingest_refused", "Frames and files that could not be used", ["camera"])
INGEST_PASSED_OVER = Counter(
    "canairy_ingest_passed_over", "Frames of a stream that were not taken: it is faster than rate_hz", ["camera"]
)
INGEST_DECODING_ERRORS = Counter("canairy_ingest_decoding_errors", "What a decoder complained of", ["camera"])
INGEST_CONNECTIONS = Counter("canairy_ingest_connections", "Times that a stream was opened", ["camera"])
INGEST_SKIPPED = Counter(
    "canairy_ingest_skipped", "Frames sent on in which nobody measures: shutter, range switch...", ["camera", "reason"]
)
INGEST_DROPPED = Counter("canairy_ingest_dropped", "Live messages lost on the way to the broker", ["camera", "reason"])
INGEST_CAMERA_HEALTHY = Gauge("canairy_ingest_camera_healthy", "1 while a camera is live or finished", ["camera"])
INGEST_BROKER_AWAY = Gauge("canairy_ingest_broker_away", "1 while Kafka does not answer and the spool is filled")
INGEST_SPOOL_BYTES = Gauge("canairy_ingest_spool_bytes", "Size of what waits on disk for the broker")
INGEST_DISK_FREE_BYTES = Gauge("canairy_ingest_disk_free_bytes", "Room on the disk that the spool is on")
INGEST_CLOCK = Gauge("canairy_ingest_clock_synchronised", "1 when the kernel says so, 0 when not, -1 when unknown")

# --- alerting ---------------------------------------------------------------------------------------------------
READINGS_JUDGED = Counter(
    "canairy_readings_judged", "Readings by how they came: new, repeated, late (stored, not judged)...", ["arrival"]
)
CONDITIONS_NOT_JUDGED = Counter(
    "canairy_conditions_not_judged", "Conditions that need temperatures, in readings without any", ["condition"]
)
COMMANDS_DECIDED = Counter("canairy_commands_decided", "Commands of users", ["outcome"])
MEASUREMENTS_TAKEN = Counter("canairy_measurements_taken", "Measurements taken in", ["name"])
ALERTS_TOLD = Counter("canairy_alerts_told", "Events written to thermal.alerts", ["kind"])
