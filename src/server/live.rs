//! The configuration in force, which a SIGHUP replaces: whoever reads it for each call or connection follows at once.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::Config;

/// The configuration in force.
pub(super) type Live = Arc<ArcSwap<Config>>;
