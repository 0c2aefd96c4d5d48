//! Rust source without what a reader of paths must not see: comments, literals and test code.

/// The source with every comment, string and character literal blanked, and every line kept in its place.
pub(crate) fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut code = String::with_capacity(source.len());
    let mut i = 0;
    while i < chars.len() {
        let end = match (at(i), at(i + 1)) {
            ('/', '/') => (i..chars.len()).find(|&j| at(j) == '\n').unwrap_or(chars.len()),
            ('/', '*') => end_of_block_comment(&chars, i),
            ('"', _) => end_of_string(&chars, i),
            ('r', '"' | '#') if !is_word(at(i.wrapping_sub(1))) || at(i.wrapping_sub(1)) == 'b' => {
                end_of_raw_string(&chars, i)
            }
            // A lifetime has no closing quote where a character literal has one.
            ('\'', '\\') => (i + 3..chars.len()).find(|&j| at(j) == '\'').map_or(chars.len(), |j| j + 1),
            ('\'', _) if at(i + 2) == '\'' => i + 3,
            _ => i,
        };
        if end == i {
            code.push(at(i));
            i += 1;
        } else {
            code.extend(chars[i..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            i = end;
        }
    }
    code
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn end_of_block_comment(chars: &[char], start: usize) -> usize {
    let (mut depth, mut i) = (0, start);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            break;
        }
    }
    i
}

fn end_of_string(chars: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

/// `start` itself when what stands there is no raw string but, say, a raw identifier.
fn end_of_raw_string(chars: &[char], start: usize) -> usize {
    let hashes = chars[start + 1..].iter().take_while(|&&c| c == '#').count();
    let open = start + 1 + hashes;
    if chars.get(open) != Some(&'"') {
        return start;
    }
    let closes =
        |j: usize| chars[j] == '"' && chars[j + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes;
    (open + 1..chars.len()).find(|&j| closes(j)).map_or(chars.len(), |j| j + 1 + hashes)
}

/// Code without the items marked `#[cfg(test)]`; each line keeps its place.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(mark) = rest.find(MARK) {
        let (before, item) = rest.split_at(mark);
        let (tested, after) = item.split_at(end_of_item(item));
        kept.push_str(before);
        kept.extend(tested.chars().filter(|&c| c == '\n'));
        rest = after;
    }
    kept + rest
}

/// Where the item ends that the text begins with: its `;`, or the brace that closes its body.
fn end_of_item(item: &str) -> usize {
    let mut depth = 0;
    for (i, c) in item.char_indices() {
        match c {
            ';' if depth == 0 => return i + 1,
            '{' => depth += 1,
            '}' if depth == 1 => return i + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    item.len()
}

#[test]
fn comments_and_literals_are_blanked_and_lines_kept() {
    let cases = [
        ("a // crate::b\nc", "a            \nc"),
        ("a /* x /* y\n */ z */ b", "a          \n         b"),
        (r#"f("\"crate::b") + 1"#, "f(            ) + 1"),
        ("r#\"a \" b\"#;", "          ;"),
        ("r#type", "r#type"),
        ("fn f<'a>(x: &'a str) { '\"'; '\\''; 'b' }", "fn f<'a>(x: &'a str) {    ;     ;     }"),
        ("var\"x\"", "var   "),
    ];
    for (source, code) in cases {
        assert_eq!(code_only(source), code, "{source}");
    }
}

#[test]
fn test_items_are_left_out() {
    let cases = [
        ("a;\n#[cfg(test)]\nmod tests {\n  fn f() { b }\n}\nc;", "a;\n\n\n\n\nc;"),
        ("#[cfg(test)]\n#[path = \"x\"]\nmod tests;\nc;", "\n\n\nc;"),
        ("a;", "a;"),
    ];
    for (code, kept) in cases {
        assert_eq!(without_tests(code), kept, "{code}");
    }
}
