//! The control: another process that reads the same files in a loop, and does nothing else.

use std::{
    env,
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{measure::walk, rig::CoverageFile};

/// The files to walk. Without it this process is the measurement itself.
const CHILD: &str = "WAN_MATRIX_BENCH_WALK";

/// A process that walks; killed when dropped.
pub(crate) struct Walker(Child);

impl Walker {
    pub(crate) fn start(files: &[CoverageFile]) -> Self {
        let files = env::join_paths(files.iter().map(|file| &file.path)).unwrap();
        let mut command = Command::new(env::current_exe().unwrap());
        Self(command.env(CHILD, files).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Walker {
    fn drop(&mut self) {
        // It never ends by itself; a killed process is waited for.
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}

pub(crate) fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

/// Walks until it is killed.
pub(crate) fn child() -> ! {
    let files: Vec<_> = env::split_paths(&env::var_os(CHILD).unwrap_or_default()).collect();
    loop {
        assert!(walk(files.iter().map(Path::new)) > 0);
    }
}
