//! Invented texts for the two free columns, in the tone of those who write such things.

/// Values of `auxiliary_equipment_required`.
pub(super) const AUXILIARY: [&str; 12] = [
    "External aerial",
    "External aerial, 3 m lead",
    "External aerial, 10 m lead",
    "High-gain aerial",
    "T1 aerial kit",
    "T2 aerial kit",
    "T3 aerial kit",
    "Loft aerial and bracket",
    "Mesh aerial",
    "Meter box extender",
    "Signal booster plate",
    "Wall bracket, sealed fixings",
];

/// What is peculiar about the place.
const PLACE: [&str; 9] = [
    "Meters in a shared cupboard.",
    "Meters below ground level.",
    "Stone walls over 500 mm.",
    "Foil-backed insulation throughout.",
    "Flats above shops, entrance at the rear.",
    "New homes, \"phase 2\" not yet measured.",
    "Steel-framed block, signal best at the north side.",
    "Conservation area: nothing visible from the street.",
    "Caravans and park homes.",
];

/// Where the figure comes from.
const SOURCE: [&str; 6] = [
    "Modelled, not measured.",
    "Measured at street level.",
    "Measured on the first floor; lower floors may differ.",
    "Coverage from a neighbouring site until the new one is live.",
    "Seasonal foliage lowers the signal from May to October.",
    "Site shared with another operator, restored within 4 hours of an outage.",
];

/// What to do about it.
const ADVICE: [&str; 5] = [
    "Try the hub at the meter board first.",
    "Carry the longer lead.",
    "Ask the managing agent for the key.",
    "Allow half an hour more.",
    "Report a failed connection on the day.",
];

/// How many values of `additional_information` there are: 270.
pub(super) const INFORMATION: u64 = (PLACE.len() * SOURCE.len() * ADVICE.len()) as u64;

/// One of the values of `additional_information`, by a number below [`INFORMATION`].
pub(super) fn information(number: u64) -> String {
    let mut rest = usize::try_from(number).unwrap_or_default();
    let mut part = |of: &[&'static str]| {
        let text = of.get(rest % of.len()).copied().unwrap_or_default();
        rest /= of.len();
        text
    };
    [part(&PLACE), part(&SOURCE), part(&ADVICE)].join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::{ADDITIONAL_INFORMATION_MAX, AUXILIARY_EQUIPMENT_MAX, check_text};

    #[test]
    fn every_text_can_be_carried_and_differs() {
        let texts: HashSet<String> = (0..INFORMATION).map(information).collect();
        assert_eq!(texts.len(), 270);
        assert!(texts.iter().all(|text| check_text(text, ADDITIONAL_INFORMATION_MAX) == Ok(())));
        assert!(AUXILIARY.iter().all(|text| check_text(text, AUXILIARY_EQUIPMENT_MAX) == Ok(())));
    }
}
