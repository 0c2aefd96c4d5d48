//! Two lists of postcodes, an earlier and a later one, with coverage invented for each place: as two full files, and as the
//! delta from one to the other.

use std::{
    fmt::Write as _,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
};

use wan_matrix::domain::Postcode;

const COLUMNS: &str = "postcode,availability_date,wan_variant,connectivity_likelihood,auxiliary_equipment_required,\
                       additional_information";

/// Every place of either list, in order, with what the two files say of it; `None` is a list that does not have it.
pub(crate) struct Years {
    pub(crate) places: Vec<(Postcode, Option<u64>, Option<u64>)>,
}

/// How the later list differs from the earlier one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Differences {
    pub(crate) added: u64,
    pub(crate) removed: u64,
    pub(crate) changed: u64,
    /// Rows of the delta that say what the earlier list says.
    pub(crate) unchanged: u64,
}

impl Years {
    /// The file of the earlier list, `0`, or of the later one, `1`.
    pub(crate) fn full(&self, year: usize) -> Vec<u8> {
        let mut file = format!("{COLUMNS}\n");
        for (postcode, before, after) in &self.places {
            if let Some(said) = [before, after][year] {
                writeln!(file, "{postcode},{}", cells(*postcode, *said)).unwrap();
            }
        }
        file.into_bytes()
    }

    /// The delta from the earlier file to the later one, its rows in another order than the places.
    pub(crate) fn delta(&self) -> (Vec<u8>, Differences) {
        let mut file = format!("{COLUMNS},change\n");
        let mut found = Differences::default();
        for (postcode, before, after) in self.places.iter().rev() {
            let figure = match (before, after) {
                (before, Some(said)) if *before != Some(*said) => {
                    let now = cells(*postcode, *said);
                    writeln!(file, "{postcode},{now},upsert").unwrap();
                    match before.map(|said| cells(*postcode, said)) {
                        None => &mut found.added,
                        Some(then) if then == now => &mut found.unchanged,
                        Some(_) => &mut found.changed,
                    }
                }
                (Some(_), None) => {
                    writeln!(file, "{postcode},,,,,,delete").unwrap();
                    &mut found.removed
                }
                _ => continue,
            };
            *figure += 1;
        }
        (file.into_bytes(), found)
    }
}

/// A number that looks like chance and is the same in every run.
pub(crate) fn mixed(postcode: Postcode, salt: u64) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one((postcode.packed(), salt))
}

/// All cells but the postcode and the change. `said` turns what is said of a place into something else.
fn cells(postcode: Postcode, said: u64) -> String {
    let chance = mixed(postcode, said);
    let text = match chance >> 32 & 0xf {
        0 => "Mesh aerial,",
        1 => ",Ask for the key",
        2 => ",Steel door; \u{1F511} at no. 7",
        _ => ",",
    };
    if chance.is_multiple_of(140) {
        return format!(",,,{text}");
    }
    let variant = match chance >> 8 & 0xff {
        0..=5 => " ",
        6..=90 => "Cellular and Mesh",
        _ => "Cellular",
    };
    let likelihood = ["High", "Medium", "Low"][(chance >> 16) as usize % 3];
    let (year, month, day) = (2014 + (chance >> 24) % 17, (chance >> 28) % 12 + 1, (chance >> 40) % 28 + 1);
    format!("{year}-{month:02}-{day:02},{variant},{likelihood},{text}")
}
