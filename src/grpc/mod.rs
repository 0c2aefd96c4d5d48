//! Thin gRPC handlers: the only room, with `cli/`, that knows generated types, and the one place where a domain error
//! becomes a `Status`.
//!
//! A handler reads the request, asks the rooms below, and words the answer: [`WanMatrixApi`] for installer planning
//! tools, [`CoverageLoadApi`] for CSPs and operators. Every error leaves through one table in `error.rs`.

mod answer;
mod asked;
mod batch;
mod caller;
mod change_stream;
mod code_name;
mod comparing;
mod convert;
mod coverage_load;
mod disk_reads;
mod duis;
mod error;
mod expected;
mod failure;
mod header;
mod load_ids;
mod load_shown;
mod lookup_service;
mod matrix;
mod own_loads;
mod pace;
mod paced;
pub mod proto;
mod reject_stream;
mod today;
mod until_stopped;
mod waited;
mod wan_matrix;
mod wire;

pub use caller::{Caller, Roles};
pub use code_name::code_name;
pub use coverage_load::{CoverageLoadApi, MESSAGE_MAX as UPLOAD_MESSAGE_MAX};
/// What the server answers by itself, in the words and with the details of every other error.
pub use error::{deadline_passed, failed, overloaded, rate_limited, shutting_down, user_role_not_eligible};
pub use expected::Expected;
pub use load_ids::{CALLS, LoadIds};
pub use lookup_service::LookupService;
/// The two services as tonic serves them, and what reflection says of them: all that `server/` need know of `proto`.
pub use proto::{
    DESCRIPTORS, coverage_load_service_server::CoverageLoadServiceServer,
    wan_matrix_service_server::WanMatrixServiceServer,
};
pub use wan_matrix::WanMatrixApi;
