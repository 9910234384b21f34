"""The pure core: values in, values out; no clock, disk, socket or log."""
