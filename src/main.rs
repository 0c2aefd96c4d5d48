//! Wires: parse, configure, run, drain; nothing else.

fn main() {}
