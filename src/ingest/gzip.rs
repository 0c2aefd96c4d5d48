//! gzip as files come: of one member or several, and perhaps padded with zeros, as whatever writes in whole blocks leaves
//! it. `gzip` itself reads such a file; anything else behind its end is damage.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The decompressed bytes of every member.
pub(super) struct Members<R> {
    /// Taken while the next member is looked for.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(input: R) -> Self {
        Self { member: Some(GzDecoder::new(input)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            // The member is whole, its checksum right.
            let Some(ended) = self.member.take() else { break };
            let mut input = ended.into_inner();
            if more(&mut input)? {
                self.member = Some(GzDecoder::new(input));
            }
        }
        Ok(0)
    }
}

/// Passes over zeros, and says whether anything comes behind them.
fn more(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = input.fill_buf()?;
        let Some(zeros) = bytes.iter().position(|&byte| byte != 0).or_else(|| Some(bytes.len()).filter(|&len| len > 0))
        else {
            return Ok(false);
        };
        let found = zeros < bytes.len();
        input.consume(zeros);
        if found {
            return Ok(true);
        }
    }
}
