//! Thin gRPC handlers: the only room, with `cli/`, that knows generated types, and the one place where a domain error
//! becomes a `Status`.

pub mod proto;
