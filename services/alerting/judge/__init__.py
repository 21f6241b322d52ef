"""The judge: readings, camera states and commands become alarms (ISA-18.2). Pure: no clock, no broker, no files.

Read in this order: `judge` (what happens to each message), `rules` (the site file, indexed), `memory` (what is
remembered), `arrival` (repeats and late readings), `limits` and `delta` (is it too hot?), `excursion` (on-delay and
dead-band), `desk` (an alarm's life), `frames` and `joins` (when a group is compared), `coverage` (silence),
`commands`, `canary`, `retire`.
"""
