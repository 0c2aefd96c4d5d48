//! Every path that a piece of code names, the trees of `use` spread out.

/// A path (`crate::store::Block` as its segments) and the line its last segment stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedPath {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `::`
    Step,
    Other(char),
}

/// The paths of code that [`code_only`](crate::source::code_only) has cleaned.
pub(crate) fn named_paths(code: &str) -> Vec<NamedPath> {
    let mut reader = Reader { tokens: tokens(code), at: 0, found: Vec::new() };
    while reader.at < reader.tokens.len() {
        if matches!(reader.tokens[reader.at].1, Token::Word(_)) {
            reader.path(&[]);
        } else {
            reader.at += 1;
        }
    }
    reader.found
}

fn tokens(code: &str) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (token, length) = if word > 0 {
                (Token::Word(rest[..word].to_owned()), word)
            } else if rest.starts_with("::") {
                (Token::Step, 2)
            } else {
                (Token::Other(first), first.len_utf8())
            };
            tokens.push((index + 1, token));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    at: usize,
    found: Vec<NamedPath>,
}

impl Reader {
    fn here(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    /// Reads one path from a word on, and every branch of it.
    fn path(&mut self, stem: &[String]) {
        let mut segments = stem.to_vec();
        while let Some(Token::Word(word)) = self.here() {
            segments.push(word.clone());
            let line = self.tokens[self.at].0;
            self.at += 1;
            if self.here() != Some(&Token::Step) {
                self.found.push(NamedPath { line, segments });
                return;
            }
            self.at += 1;
            match self.here() {
                Some(Token::Word(_)) => {}
                Some(Token::Other('{')) => return self.branches(&segments),
                // A glob, or the generics of an expression.
                _ => {
                    self.found.push(NamedPath { line, segments });
                    return;
                }
            }
        }
    }

    /// Reads `{a, b::c}` after a stem.
    fn branches(&mut self, stem: &[String]) {
        self.at += 1;
        while let Some(token) = self.here() {
            match token {
                Token::Word(_) => self.path(stem),
                Token::Other('}') => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
    }
}

#[test]
fn trees_are_spread_out() {
    let spread = |code: &str| -> Vec<String> {
        let joined = |path: NamedPath| format!("{} {}", path.line, path.segments.join("::"));
        named_paths(code).into_iter().map(joined).collect()
    };
    assert_eq!(spread("use crate::store;"), ["1 use", "1 crate::store"]);
    assert_eq!(spread("crate::{\n    a::{b, c::*},\n    d\n}"), ["2 crate::a::b", "2 crate::a::c", "3 crate::d"]);
    assert_eq!(
        spread("x.iter().map(crate::a::B::new::<u8>)"),
        ["1 x", "1 iter", "1 map", "1 crate::a::B::new", "1 u8"]
    );
    assert_eq!(spread("super::super::a"), ["1 super::super::a"]);
}
