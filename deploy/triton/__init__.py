"""What the embedded Triton runs: its pinned packages and its backend. `deploy.local.triton` starts it."""
