//! The two free texts a row may carry (DUIS 5.4).

/// `AuxiliaryEquipmentRequired`: at most this many characters.
pub const AUXILIARY_EQUIPMENT_MAX: usize = 50;
/// `AdditionalInformation`: at most this many characters.
pub const ADDITIONAL_INFORMATION_MAX: usize = 250;

/// Why a text cannot be carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TextError {
    /// Longer than DUIS carries.
    #[error("{characters} characters, and at most {max} are carried")]
    TooLong {
        /// How many characters it has.
        characters: usize,
        /// How many it may have.
        max: usize,
    },
    /// A control character that no XML document can hold.
    #[error("the control character U+{:04X} cannot be carried in a DUIS document", *.0 as u32)]
    ControlCharacter(char),
}

/// Checks a text against its length in characters and for characters that XML 1.0 forbids. Line breaks and tabs are
/// text.
///
/// # Errors
/// [`TextError`] says which.
pub fn check_text(text: &str, max: usize) -> Result<(), TextError> {
    // Nearly every text is short ASCII; bytes bound characters from above.
    if text.len() > max {
        let characters = text.chars().count();
        if characters > max {
            return Err(TextError::TooLong { characters, max });
        }
    }
    let forbidden = |c: &char| *c < ' ' && !matches!(c, '\t' | '\n' | '\r') || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    text.chars().find(forbidden).map_or(Ok(()), |c| Err(TextError::ControlCharacter(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters_and_controls_are_refused() {
        let bell = Err(TextError::ControlCharacter('\u{7}'));
        for (text, said) in [
            ("", Ok(())),
            ("Mast 12\nsee note\tB", Ok(())),
            (&"é".repeat(50), Ok(())),
            (&"é".repeat(51), Err(TextError::TooLong { characters: 51, max: 50 })),
            ("a\u{7}", bell),
            ("\0", Err(TextError::ControlCharacter('\0'))),
        ] {
            assert_eq!(check_text(text, 50), said, "{text:?}");
        }
    }
}
