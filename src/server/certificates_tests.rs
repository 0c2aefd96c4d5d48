use std::fs;

use tempfile::TempDir;
use tracing::Level;

use super::{
    super::{config_keys::Origin, telemetry::Written, tls::NamedFile},
    *,
};

#[path = "../../examples/certificates/pki.rs"]
#[expect(dead_code, reason = "nobody calls here")]
mod pki;

/// What was logged since the last time, at which level.
fn said(written: &Written, before: &mut usize) -> Vec<(String, String)> {
    let lines = written.lines();
    let new = &lines[*before..];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    *before += new.len();
    new.iter().map(|line| (text(&line["level"]), text(&line["fields"]["message"]))).collect()
}

#[test]
fn a_refusal_is_logged_once_and_again_only_in_other_words() {
    let directory = TempDir::new().unwrap();
    let file = |key, name: &str| {
        let path = directory.path().join(name);
        NamedFile { origin: Origin::Flag("a test"), key, path }
    };
    let files = TlsFiles { cert: file("tls.cert", "a.pem"), key: file("tls.key", "a.key"), client_ca: None };
    let ca = pki::Ca::new("the CA of a test").unwrap();
    ca.server().unwrap().write(directory.path(), "a").unwrap();
    let certificates = Certificates::open(files, Arc::new(Timestamp::now)).unwrap();
    let (written, mut before) = (Written::default(), 0);
    let _logging = tracing::subscriber::set_default(written.subscriber(Level::TRACE));
    let broken = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    let line = |level: &str, message: &str| (level.to_owned(), message.to_owned());
    let refused = line("ERROR", "new certificates are refused; those before stay in use");

    let mut look = || {
        certificates.look();
        said(&written, &mut before)
    };
    assert_eq!(look(), []);
    broken("a.key", "no key");
    assert_eq!(look(), std::slice::from_ref(&refused));
    // The same, at every look; then other bytes that are as bad, and say the same.
    for text in ["no key", "no key", "no key either"] {
        broken("a.key", text);
        assert_eq!(look(), [], "{text}");
    }
    broken("a.pem", "no certificate");
    assert_eq!(look(), std::slice::from_ref(&refused));
    assert_eq!(look(), []);
    ca.server().unwrap().write(directory.path(), "a").unwrap();
    assert_eq!(look(), [line("INFO", "new certificates are in use")]);
    // Good in between, what was said before is said again.
    broken("a.key", "no key");
    assert_eq!(look(), [refused]);
    assert_eq!(look(), []);
}
