//! Numbers of a block's rows side by side, each a fixed few bytes, so that any row is read without the rows before it.
//!
//! | a column | bytes |
//! |---|---|
//! | width of a number, 0 to 8 | 1 |
//! | how many distinct ones are listed, 0 for none | 1 |
//! | either: the number of each row, big-endian | rows × width |
//! | or: each distinct number; and, if there are several, for each row the place of its own | … × width, rows |
//!
//! Neighbouring premises mostly have the same postcode and the same coverage: whichever takes less is written.

/// Rows a block may have: the place of a distinct number is one byte.
pub(super) const ROWS_MAX: usize = 128;

/// Appends a column; at most [`ROWS_MAX`] numbers.
pub(super) fn push(numbers: &[u64], to: &mut Vec<u8>) {
    let greatest = numbers.iter().copied().max().unwrap_or_default();
    let width = (u64::BITS - greatest.leading_zeros()).div_ceil(8) as usize;
    let mut room = [0; ROWS_MAX];
    let distinct = list(numbers, &mut room);
    let places = if distinct.len() > 1 { numbers.len() } else { 0 };
    let push_number = |number: u64, to: &mut Vec<u8>| to.extend_from_slice(&number.to_be_bytes()[8 - width..]);
    to.push(width as u8);
    if distinct.len() * width + places < numbers.len() * width {
        to.push(distinct.len() as u8);
        distinct.iter().for_each(|&number| push_number(number, to));
        if places > 0 {
            to.extend(numbers.iter().map(|number| distinct.partition_point(|listed| listed < number) as u8));
        }
    } else {
        to.push(0);
        numbers.iter().for_each(|&number| push_number(number, to));
    }
}

/// The distinct ones, ascending. Neighbours are mostly the same, so few of them are ever sought.
fn list<'a>(numbers: &[u64], room: &'a mut [u64; ROWS_MAX]) -> &'a [u64] {
    let (mut count, mut last) = (0, None);
    for &number in numbers {
        if last.replace(number) == Some(number) {
            continue;
        }
        let listed = room.get(..count).unwrap_or_default();
        if let Err(at) = listed.binary_search(&number)
            && let Some(moved) = room.get_mut(at..=count)
        {
            moved.rotate_right(1);
            moved.iter_mut().take(1).for_each(|first| *first = number);
            count += 1;
        }
    }
    room.get(..count).unwrap_or_default()
}

/// A column within a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column<'a> {
    width: usize,
    numbers: &'a [u8],
    /// Which of the numbers is a row's.
    places: Places<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Places<'a> {
    OwnEach,
    OneForAll,
    Listed(&'a [u8]),
}

impl<'a> Column<'a> {
    /// The column at the front of `bytes`, and what follows.
    pub(super) fn split(bytes: &'a [u8], rows: usize) -> Option<(Self, &'a [u8])> {
        let (&[width, distinct], rest) = bytes.split_first_chunk::<2>()?;
        let (width, distinct) = (usize::from(width), usize::from(distinct));
        if width > 8 || distinct > rows {
            return None;
        }
        let count = if distinct == 0 { rows } else { distinct };
        let (numbers, rest) = rest.split_at_checked(count * width)?;
        let (places, rest) = match distinct {
            0 => (Places::OwnEach, rest),
            1 => (Places::OneForAll, rest),
            _ => {
                let (places, rest) = rest.split_at_checked(rows)?;
                (Places::Listed(places), rest)
            }
        };
        Some((Self { width, numbers, places }, rest))
    }

    /// A row's number.
    pub(super) fn get(&self, row: usize) -> Option<u64> {
        let place = match self.places {
            Places::OwnEach => row,
            Places::OneForAll => 0,
            Places::Listed(places) => usize::from(*places.get(row)?),
        };
        let number = self.numbers.get(place * self.width..(place + 1) * self.width)?;
        Some(number.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(numbers: &[u64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        push(numbers, &mut bytes);
        bytes
    }

    #[test]
    fn a_column_takes_the_fewest_bytes() {
        for (numbers, bytes) in [
            (vec![0; 128], 2),
            (vec![7; 128], 2 + 128),
            (vec![300; 128], 2 + 2),
            ((0..128).collect(), 2 + 128),
            ((0..128).map(|n| 70_000 + n % 3).collect(), 2 + 3 * 3 + 128),
            ((0..128).map(|n| n << 33).collect(), 2 + 128 * 5),
        ] {
            assert!(packed(&numbers).len() <= bytes, "{} bytes for {numbers:?}", packed(&numbers).len());
        }
    }

    proptest! {
        #[test]
        fn each_row_has_its_number_and_what_follows_is_left(
            bits in 0..=64u32, seeds in prop::collection::vec(any::<u64>(), 1..=ROWS_MAX), few in 1..9u64, tail in any::<[u8; 3]>(),
        ) {
            for narrow in [false, true] {
                let number = |&seed: &u64| if narrow { seed % few } else { seed.checked_shr(64 - bits).unwrap_or(0) };
                let numbers: Vec<_> = seeds.iter().map(number).collect();
                let mut bytes = packed(&numbers);
                bytes.extend(tail);
                let (column, rest) = Column::split(&bytes, numbers.len()).unwrap();
                prop_assert_eq!(rest, &tail);
                let read: Vec<_> = (0..numbers.len()).map(|row| column.get(row).unwrap()).collect();
                prop_assert_eq!(read, numbers);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), rows in 0..=ROWS_MAX) {
            if let Some((column, _)) = Column::split(&bytes, rows) {
                (0..=rows).for_each(|row| { let _ = column.get(row); });
            }
        }
    }
}
