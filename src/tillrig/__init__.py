"""tillrig: a hardware-in-the-loop harness for card-payment terminals."""
