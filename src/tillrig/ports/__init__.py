"""The typed Protocols that the harness needs of its instruments. Ports import no driver."""
