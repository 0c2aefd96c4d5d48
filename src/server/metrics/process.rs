//! What the kernel says of this process, by the names every dashboard knows.

use std::{fmt, fs};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder};
use rustix::time::{ClockId, clock_gettime};

use super::exposition::{NONE, Told};

/// Resident bytes, processor seconds and open files; nothing where there is no /proc.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    pub(super) resident_bytes: u64,
    pub(super) cpu_seconds: f64,
    pub(super) open_files: u64,
}

impl Process {
    pub(super) fn now() -> Option<Self> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: u64 = resident.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
        let used = clock_gettime(ClockId::ProcessCPUTime);
        Some(Self {
            resident_bytes: kilobytes * 1024,
            cpu_seconds: used.tv_sec as f64 + used.tv_nsec as f64 / 1e9,
            open_files: fs::read_dir("/proc/self/fd").ok()?.count() as u64,
        })
    }
}

#[derive(Debug)]
pub(super) struct Collected;

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(process) = Process::now() else { return Ok(()) };
        let encoder = &mut encoder;
        Told::gauge(encoder, "process_resident_memory_bytes", "Memory in use")?
            .is(&NONE, process.resident_bytes as f64)?;
        Told::gauge(encoder, "process_open_fds", "Open files and connections")?.is(&NONE, process.open_files as f64)?;
        Told::seconds(encoder, "process_cpu_seconds", "Processor time used", process.cpu_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_kernel_is_understood() {
        let process = Process::now().unwrap();
        assert!(process.resident_bytes > 1 << 20, "{process:?}");
        assert!(process.cpu_seconds >= 0.0 && process.open_files > 2, "{process:?}");
    }
}
