//! Long work that lets others at the processor in between.
//!
//! Being of the idle class is not enough for a load's threads: Linux owes even them a share, some 0.3 %, and pays it in turns
//! that last until the clock next ticks, up to 4 ms in which a lookup waits. A thread that says of itself, many times in a
//! millisecond, that others may go first never has such a turn.

use std::thread;

/// So many come to some 50 µs, beside which the system call is nothing.
const STEPS: u32 = 256;

/// Counts the steps of one thread's work.
#[derive(Debug, Default)]
pub struct Breath(u32);

impl Breath {
    /// A step of about a row, some 200 ns.
    #[inline]
    pub fn step(&mut self) {
        self.steps(1);
    }

    /// So many steps at once.
    #[inline]
    pub fn steps(&mut self, steps: u32) {
        self.0 += steps;
        if self.0 >= STEPS {
            self.0 = 0;
            thread::yield_now();
        }
    }
}

/// Steps much lighter than a row, such as comparisons of two: so many of them count as one.
const LIGHT: u32 = 64;

/// [`Breath`] for light steps.
#[derive(Debug, Default)]
pub struct LightBreath {
    light: u32,
    breath: Breath,
}

impl LightBreath {
    /// A light step.
    #[inline]
    pub fn step(&mut self) {
        self.light += 1;
        if self.light == LIGHT {
            self.light = 0;
            self.breath.step();
        }
    }
}
