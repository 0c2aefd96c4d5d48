//! Protobuf's wire format, written in one pass.
//!
//! A lookup's answer is written from the rows straight into the bytes that are sent: as generated messages it would be
//! built of some twenty texts, measured, written and taken apart again, which costs more than finding it. The tests
//! hold these bytes to what prost writes of the same answer.

use prost::Message;

const LENGTH_DELIMITED: u32 = 2;

/// Bytes on their way to a caller. Fields are written in the order of their numbers, and as proto3 has them: what is
/// empty or zero is left out.
#[derive(Debug)]
pub(super) struct Wire(Vec<u8>);

impl Wire {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// How many bytes are written.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn key(&mut self, field: u32, wire_type: u32) {
        self.varint(u64::from(field << 3 | wire_type));
    }

    /// An enum's value, or a small number.
    pub(super) fn number(&mut self, field: u32, number: i32) {
        if number != 0 {
            self.key(field, 0);
            // A negative one is extended to 64 bits, as the format has it.
            self.varint(i64::from(number).cast_unsigned());
        }
    }

    /// Numbers without their keys, as proto3 packs a repeated field.
    pub(super) fn numbers(&mut self, field: u32, numbers: impl ExactSizeIterator<Item = i32>) {
        if numbers.len() > 0 {
            self.message(field, |wire| numbers.for_each(|number| wire.varint(i64::from(number).cast_unsigned())));
        }
    }

    pub(super) fn text(&mut self, field: u32, text: &str) {
        if !text.is_empty() {
            self.text_if_any(field, Some(text));
        }
    }

    /// An `optional` text: there even if empty.
    pub(super) fn text_if_any(&mut self, field: u32, text: Option<&str>) {
        if let Some(text) = text {
            self.key(field, LENGTH_DELIMITED);
            self.varint(text.len() as u64);
            self.0.extend_from_slice(text.as_bytes());
        }
    }

    /// A message within this one; there even if it says nothing.
    pub(super) fn message(&mut self, field: u32, write: impl FnOnce(&mut Self)) {
        self.key(field, LENGTH_DELIMITED);
        // Most are short, and their length takes the one byte left for it.
        let at = self.0.len();
        self.0.push(0);
        write(self);
        let length = self.0.len() - at - 1;
        if let (Ok(short @ ..=0x7f), Some(place)) = (u8::try_from(length), self.0.get_mut(at)) {
            *place = short;
            return;
        }
        let end = self.0.len();
        self.varint(length as u64);
        let width = self.0.len() - end;
        // The length stands at the end now: it moves before what it measures, over the byte that was left.
        self.0[at..].rotate_right(width);
        self.0.remove(at + width);
    }

    /// A message that is rarely sent, as prost writes it.
    pub(super) fn prost(&mut self, field: u32, message: &impl Message) {
        self.key(field, LENGTH_DELIMITED);
        self.0.extend_from_slice(&message.encode_length_delimited_to_vec());
    }

    /// Fields that were written before.
    pub(super) fn fields(&mut self, written: &[u8]) {
        self.0.extend_from_slice(written);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::grpc::proto::{CoverageSource, RegionalCoverage, WanMatrix};

    proptest! {
        /// Lengths on both sides of where a length takes a second and a third byte.
        #[test]
        fn what_is_written_is_what_prost_writes(
            postcode in ".{0,12}",
            texts in prop::collection::vec((prop::option::of(".{0,40}"), ".{0,300}", any::<i32>()), 0..4),
            repeated in prop::sample::select(vec![0usize, 1, 60, 20_000]),
            regions in prop::collection::vec(any::<i32>(), 0..5),
        ) {
            let coverage: Vec<_> = texts.iter().map(|(date, information, state)| RegionalCoverage {
                state: *state,
                availability_date: date.clone(),
                additional_information: information.clone(),
                auxiliary_equipment_required: "é".repeat(repeated),
                ..RegionalCoverage::default()
            }).collect();
            let matrix =
                WanMatrix { postcode, coverage, set_aside_regions: regions };
            let mut wire = Wire::with_capacity(0);
            wire.text(1, &matrix.postcode);
            for regional in &matrix.coverage {
                wire.message(2, |wire| {
                    wire.number(2, regional.state);
                    wire.text_if_any(3, regional.availability_date.as_deref());
                    wire.text(6, &regional.auxiliary_equipment_required);
                    wire.text(7, &regional.additional_information);
                });
            }
            wire.numbers(3, matrix.set_aside_regions.iter().copied());
            prop_assert_eq!(wire.into_bytes(), matrix.encode_to_vec());
        }
    }

    #[test]
    fn messages_of_prost_and_fields_written_before_stand_as_they_are() {
        let source = CoverageSource { reference: "sample".to_owned(), ..CoverageSource::default() };
        let mut wire = Wire::with_capacity(0);
        wire.prost(2, &source);
        let written = wire.into_bytes();
        assert_eq!(written, [&[2 << 3 | 2, 8][..], &source.encode_to_vec()].concat());
        let mut again = Wire::with_capacity(0);
        again.fields(&written);
        assert_eq!(again.into_bytes(), written);
    }
}
