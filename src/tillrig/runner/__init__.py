"""`tillrig run`: pytest and Robot suites on one rig, with progress, retries, a verdict table and a report."""
