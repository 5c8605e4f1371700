//! Verify, replay, diagnose and settle: pure, no clock, no I/O, no threads, no panics on any bytes.
