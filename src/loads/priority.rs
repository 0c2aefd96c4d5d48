//! Lookups come first: the threads of a load take what processor time they leave.

use thread_priority::{
    NormalThreadSchedulePolicy::Idle, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

/// Gives the calling thread, and those that it will start, the processor only while nobody else wants it.
///
/// Niceness would not do: Linux lets a nice thread finish its slice of some 3 ms before it looks at who has woken up, and
/// a lookup takes 20 µs. A thread of the idle class steps aside at once. Other processes come before a load, too, where
/// no control group keeps a share for this one.
pub(crate) fn yield_to_lookups() {
    let policy = ThreadSchedulePolicy::Normal(Idle);
    // A system that refuses only makes lookups a little slower while a load runs.
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy) {
        tracing::debug!(?error, "a load's thread keeps its ordinary priority");
    }
}
