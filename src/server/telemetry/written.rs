//! What was logged, for tests to read.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tracing::Level;
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

/// Lines of JSON, and one more for each span that ends.
#[derive(Clone, Default)]
pub(in crate::server) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    /// What logs to it, from this level on: for `tracing::subscriber::with_default`.
    pub(in crate::server) fn subscriber(&self, level: Level) -> impl tracing::Subscriber + use<> {
        let lines = tracing_subscriber::fmt().json().with_max_level(level).with_span_events(FmtSpan::CLOSE);
        lines.with_writer(self.clone()).finish()
    }

    /// Every line so far.
    pub(in crate::server) fn lines(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
