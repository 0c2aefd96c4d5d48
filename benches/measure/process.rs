//! What the kernel says of a process.

use std::{collections::HashMap, fs, time::Duration};

/// Resident memory, in megabytes of a million bytes.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub now: f64,
    pub peak: f64,
}

impl Memory {
    pub fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_end_matches("kB").trim().parse::<f64>().unwrap() * 1024.0 / 1e6
        };
        Self { now: field("VmRSS:"), peak: field("VmHWM:") }
    }
}

/// User and system time of all threads that live: as exact as the scheduler knows it, where /proc/PID/stat counts ticks.
pub fn cpu_time(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let on_cpu = threads.map(|thread| {
        let times = fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap();
        times.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    Duration::from_nanos(on_cpu.sum())
}

/// The same of a process whose threads come and go: those that have ended count with what they had when last seen.
#[derive(Debug)]
pub struct CpuTime {
    process: u32,
    threads: HashMap<String, u64>,
}

impl CpuTime {
    pub fn of(process: u32) -> Self {
        Self { process, threads: HashMap::new() }
    }

    pub fn total(&mut self) -> Duration {
        for thread in fs::read_dir(format!("/proc/{}/task", self.process)).unwrap() {
            let thread = thread.unwrap();
            // It may just have ended.
            let Ok(times) = fs::read_to_string(thread.path().join("schedstat")) else { continue };
            let time = times.split(' ').next().and_then(|time| time.parse().ok()).unwrap_or_default();
            self.threads.insert(thread.file_name().into_string().unwrap(), time);
        }
        Duration::from_nanos(self.threads.values().sum())
    }
}
