//! What the store promises, held against files made to break it: rows in any order, texts without a repeat, the fullest
//! sector, and a process killed at any moment.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

#[path = "../common/mod.rs"]
mod common;
mod crash;
mod order;
mod texts;

use wan_matrix::loads::Loads;

const HEADER: &str = "postcode,availability_date,wan_variant,connectivity_likelihood,auxiliary_equipment_required,\
                      additional_information\n";

/// A coverage file of these rows.
fn file(rows: &[String]) -> Vec<u8> {
    format!("{HEADER}{}\n", rows.join("\n")).into_bytes()
}

/// Every region's answer for a postcode, its texts included.
fn answers(loads: &Loads, postcode: &str) -> Vec<[String; 3]> {
    let said = common::loads::said(loads, postcode);
    let set = loads.active();
    let texts = set.lookup(postcode.parse().unwrap()).map(|answer| {
        let answer = answer.unwrap();
        (answer.auxiliary_equipment.into_owned(), answer.additional_information.into_owned())
    });
    said.into_iter().zip(texts).map(|(said, (auxiliary, additional))| [said, auxiliary, additional]).collect()
}

/// The letters of a postcode's last two places: twenty, so a sector has at most 400 units.
fn units() -> impl Iterator<Item = String> {
    const LETTERS: &str = "ABDEFGHJLNPQRSTUWXYZ";
    LETTERS.chars().flat_map(|first| LETTERS.chars().map(move |second| format!("{first}{second}")))
}
