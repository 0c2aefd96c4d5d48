//! What several test files share.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses some of it")]

pub mod loads;
