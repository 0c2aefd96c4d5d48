//! Long work that lets others at the processor in between.
//!
//! Being of the idle class is not enough for a load's threads: Linux owes even them a share, some 0.3 %, and pays it in turns
//! that last until the clock next ticks, up to 4 ms in which a lookup waits. A thread that says of itself, many times in a
//! millisecond, that others may go first never has such a turn.
//!
//! The same work is done on threads of ordinary priority, when an operator activates a load. There the word would hand a whole
//! slice to each busy process of the machine, again and again, and nothing is said.

use std::thread;

use thread_priority::{NormalThreadSchedulePolicy::Idle, ThreadSchedulePolicy, thread_schedule_policy};

/// So many come to some 50 µs, beside which the system call is nothing.
const STEPS: u32 = 256;

/// Counts the steps of one thread's work: that of the thread it was made on.
#[derive(Debug)]
pub struct Breath {
    steps: u32,
    gives_way: bool,
}

impl Default for Breath {
    fn default() -> Self {
        let gives_way = thread_schedule_policy().is_ok_and(|policy| policy == ThreadSchedulePolicy::Normal(Idle));
        Self { steps: 0, gives_way }
    }
}

impl Breath {
    /// A step of about a row, some 200 ns.
    #[inline]
    pub fn step(&mut self) {
        self.steps(1);
    }

    /// So many steps at once.
    #[inline]
    pub fn steps(&mut self, steps: u32) {
        self.steps += steps;
        if self.steps >= STEPS {
            self.steps = 0;
            if self.gives_way {
                thread::yield_now();
            }
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

#[cfg(test)]
mod tests {
    use thread_priority::{ThreadPriority, set_thread_priority_and_policy, thread_native_id};

    use super::*;

    #[test]
    fn a_thread_of_the_idle_class_gives_way_and_so_do_those_it_starts_and_no_other_does() {
        assert!(!Breath::default().gives_way, "an activation that an operator waits for");
        let idle = thread::spawn(|| {
            let policy = ThreadSchedulePolicy::Normal(Idle);
            set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy).unwrap();
            let started = thread::spawn(|| LightBreath::default().breath.gives_way).join().unwrap();
            (Breath::default().gives_way, started)
        });
        assert_eq!(idle.join().unwrap(), (true, true));
    }
}
