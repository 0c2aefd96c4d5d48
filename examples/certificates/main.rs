//! Writes a CA, a server's certificate, and one for each kind of caller, to try out mutual TLS on this machine:
//!
//! ```sh
//! cargo run --example certificates -- target/certificates
//! wan-matrix serve --sample --config target/certificates/wan-matrix.toml
//! ```
//!
//! Nothing for production: the keys lie beside the certificates.

#[allow(dead_code, reason = "the tests use all of it")]
mod pki;

use std::{env, error::Error, fs, path::PathBuf};

use pki::Ca;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = env::args_os().nth(1).ok_or("name the directory to write to")?;
    let directory = PathBuf::from(directory);
    fs::create_dir_all(&directory)?;
    let directory = directory.canonicalize()?;
    let ca = Ca::new("wan-matrix example")?;
    fs::write(directory.join("ca.pem"), &ca.pem)?;
    ca.server()?.write(&directory, "server")?;
    let mut config = String::new();
    for (key, file) in [("cert", "server.pem"), ("key", "server.key"), ("client_ca", "ca.pem")] {
        let path = directory.join(file);
        config += &format!("tls.{key} = {:?}\n", path.to_str().ok_or("the directory's name is not UTF-8")?);
    }
    for (name, role, more) in [
        ("planner", "planner", "user_roles = [\"IS\", \"GS\"]\n"),
        // No User Role that may send SR12.1.
        ("not-eligible", "planner", "user_roles = [\"XY\"]\n"),
        ("csp", "csp", "regions = [\"central\", \"south\"]\n"),
        ("operator", "operator", ""),
    ] {
        let uri = format!("spiffe://wan-matrix.example/{name}");
        ca.caller(&uri)?.write(&directory, name)?;
        config += &format!("\n[[identities]]\nuri = \"{uri}\"\nroles = [\"{role}\"]\n{more}");
    }
    ca.caller("spiffe://wan-matrix.example/stranger")?.write(&directory, "stranger")?;
    Ok(fs::write(directory.join("wan-matrix.toml"), config)?)
}
