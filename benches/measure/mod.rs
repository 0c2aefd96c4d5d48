//! What every measurement needs: the national set, what the system says of a process, and figures beside their limits.
#![allow(dead_code, unused_imports, unreachable_pub, reason = "each measurement uses some of it")]

mod asking;
mod figures;
mod process;
mod stocked;
mod walk;

pub use asking::{Drawn, IN_FLIGHT, ask, ask_each, ask_one};
pub use figures::{Figures, Ratio, median, percentile, rounds, tiny};
pub use process::{CpuTime, Memory, cpu_time};
pub use stocked::{ISSUED, Stock, copy_tree, disk};
pub use walk::walk;
