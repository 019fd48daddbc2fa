"""The board under the firmware: pipes, timers, keys, glass, printer, card reader, clock."""
