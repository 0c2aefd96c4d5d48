//! A load's rejects, read from disk as fast as the caller takes them.

use std::sync::Arc;

use crate::loads::Loads;

use super::{
    failure::Failure,
    load_shown,
    paced::{self, Paced},
    proto::StreamCoverageRejectsResponse,
};

/// What the RPC streams.
pub(super) type RejectStream = Paced<StreamCoverageRejectsResponse>;

/// The rejects of a load that lie after a line.
///
/// # Errors
/// A load that is not known is told at once; what goes wrong later ends the stream.
pub(super) async fn rejects(loads: Arc<Loads>, load_id: String, after_line: u32) -> Result<RejectStream, Failure> {
    let show = |reject| StreamCoverageRejectsResponse { reject: Some(load_shown::reject(reject)) };
    paced::stream(move || loads.rejects(&load_id, after_line), show, ()).await
}
