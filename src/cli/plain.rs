//! Text from a server or a file, made safe for a terminal.

/// Control characters are escaped: what a CSP or a server sent must not steer the reader's terminal, nor break a line
/// or a table's column.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_that_steers_a_terminal_passes() {
        for (sent, shown) in [
            ("Aerial, outdoor – fitted", "Aerial, outdoor – fitted"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("two\nlines\r\t", "two\\nlines\\r\\t"),
            ("\u{202e}drawkcab", "\\u{202e}drawkcab"),
        ] {
            assert_eq!(plain(sent), shown);
        }
    }
}
