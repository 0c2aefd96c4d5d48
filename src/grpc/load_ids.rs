//! Which loads a call was about, for whoever logs calls: handlers know, and put it beside the reply.

use tonic::Response;
use tracing::{Level, Span};

/// What call log lines are filtered by.
pub const CALLS: &str = "wan_matrix::calls";

/// The loads a reply was answered from, or the one it is about; separated by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadIds(pub String);

impl LoadIds {
    /// Beside the reply, if anybody wants lines about every call or has this one's span recorded: a lookup takes less time
    /// than keeping a text.
    pub(super) fn beside<T>(reply: T, ids: &str) -> Response<T> {
        let mut reply = Response::new(reply);
        if tracing::enabled!(target: CALLS, Level::DEBUG) || Span::current().has_field("load_ids") {
            reply.extensions_mut().insert(Self(ids.to_owned()));
        }
        reply
    }

    /// Beside the reply to a load: there are few, and each has its line.
    pub(super) fn always<T>(reply: &mut Response<T>, id: String) {
        reply.extensions_mut().insert(Self(id));
    }
}
