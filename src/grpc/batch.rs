//! A batch, answered some locations at a time.

use std::sync::Arc;

use tonic::Response;

use crate::{
    domain::{Day, Location},
    store::ActiveSet,
};

use super::{
    answer::{Miss, answer},
    asked::Asked,
    error,
    failure::Failure,
    load_ids::LoadIds,
    wan_matrix::{AN_ANSWER, MESSAGE_MAX},
    wire::Wire,
};

/// A partial address may read the disk, and takes as long as so many postcodes.
const AN_ADDRESS: usize = 50;

/// What is answered of a batch, from one set.
pub(super) struct Batch {
    set: Arc<ActiveSet>,
    asked: Arc<Asked>,
    left: std::vec::IntoIter<Result<Location, Miss>>,
    as_of: Day,
    wire: Wire,
}

impl Batch {
    pub(super) fn new(
        set: Arc<ActiveSet>,
        asked: Arc<Asked>,
        locations: Vec<Result<Location, Miss>>,
        as_of: Day,
    ) -> Self {
        let wire = Wire::with_capacity(asked.written.len() + locations.len() * AN_ANSWER);
        Self { set, asked, left: locations.into_iter(), as_of, wire }
    }

    /// Answers what takes as long as so many postcodes; says whether that was all.
    ///
    /// # Errors
    /// The reply is too large.
    pub(super) fn some(&mut self, turn: usize) -> Result<bool, Failure> {
        let (mut done, wire) = (0, &mut self.wire);
        while done < turn {
            let Some(location) = self.left.next() else { return Ok(true) };
            let by_address = matches!(location, Ok(Location::Address(..)));
            wire.message(1, |wire| match location {
                Ok(location) => match answer(&self.set, &self.asked, &location, self.as_of) {
                    Ok(matrix) => wire.message(2, |wire| matrix.write(wire)),
                    Err(miss) => wire.prost(3, &error::miss(miss, "location").in_batch()),
                },
                Err(miss) => wire.prost(3, &error::miss(miss, "location").in_batch()),
            });
            // A postcode has six answers at most; an address may have hundreds, and a thousand of them are not gathered
            // first and refused then.
            if by_address && wire.len() > MESSAGE_MAX {
                return Err(error::reply_too_large(wire.len(), MESSAGE_MAX));
            }
            done += if by_address { AN_ADDRESS } else { 1 };
        }
        Ok(self.left.len() == 0)
    }

    /// The bytes of a `BatchRequestWanMatrixResponse`.
    ///
    /// # Errors
    /// The reply is too large.
    pub(super) fn end(mut self) -> Result<Response<Vec<u8>>, Failure> {
        self.wire.fields(&self.asked.written);
        self.wire.text(4, &self.as_of.iso());
        let response = self.wire.into_bytes();
        // A thousand locations with six regions each and both texts full are 2.5 MB. Only texts that are long, in all
        // regions, and not in Latin letters could pass what clients take; such a reply is refused in words here, not
        // by the client in none.
        match response.len() {
            0..=MESSAGE_MAX => Ok(LoadIds::beside(response, &self.asked.load_ids)),
            bytes => Err(error::reply_too_large(bytes, MESSAGE_MAX)),
        }
    }
}
