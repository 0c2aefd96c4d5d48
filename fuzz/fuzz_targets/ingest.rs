//! See `wan_matrix::fuzzing::ingest`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _accepted = wan_matrix::fuzzing::ingest(data);
});
