//! Compiles the protos with `protox`, so that no `protoc` is needed, and keeps their descriptors for reflection and
//! for JSON output.

use std::{env, error::Error, fs, path::PathBuf};

const PROTOS: [&str; 4] = [
    "wanmatrix/v1/coverage.proto",
    "wanmatrix/v1/wan_matrix_service.proto",
    "wanmatrix/v1/coverage_load_service.proto",
    "wanmatrix/v1/errors.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    // protox's own option for this prints nothing (0.14 of prost-build), so the watch is set here.
    println!("cargo:rerun-if-changed=proto");
    println!("cargo:rerun-if-changed=build.rs");
    let descriptors = protox::compile(PROTOS, ["proto"])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), prost::Message::encode_to_vec(&descriptors))?;
    let mut prost = tonic_prost_build::Config::new();
    prost.enable_type_names();
    // Upload chunks and rejected rows are shared, not copied.
    prost.bytes([".wanmatrix.v1.SubmitCoverageLoadRequest.chunk", ".wanmatrix.v1.CoverageReject.row"]);
    tonic_prost_build::configure().build_client(true).build_server(true).compile_fds_with_config(descriptors, prost)?;
    Ok(())
}
