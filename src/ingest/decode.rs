//! What a file's bytes are packed in.

use std::{
    fmt,
    io::{self, BufRead, Read},
    str::FromStr,
};

use super::gzip::Members;

/// How the bytes of a file are compressed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip, of one member or several, and perhaps padded with zeros.
    Gzip,
    /// Zstandard, of one frame or several.
    Zstd,
}

/// A frame may ask for a window of 32 MiB at most: memory is bounded whatever it asks for.
const ZSTD_WINDOW_LOG_MAX: u32 = 25;

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 3] = [Self::Identity, Self::Gzip, Self::Zstd];

    /// The encoding's name in commands (`gzip`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Tells the encoding from a file's first four bytes or more.
    #[must_use]
    pub fn detect(first_bytes: &[u8]) -> Self {
        match first_bytes {
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Self::Zstd,
            _ => Self::Identity,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no encoding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an encoding; the encodings are identity, gzip and zstd")]
pub struct UnknownEncoding(String);

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(text: &str) -> Result<Self, UnknownEncoding> {
        Self::ALL.into_iter().find(|e| e.name() == text).ok_or_else(|| UnknownEncoding(text.to_owned()))
    }
}

/// The decoded bytes of `input`. A stream that is cut short or corrupt ends in an error, never as a short file.
///
/// # Errors
/// A compressed stream with no byte in it, and what the decoder says when it is made. Everything else comes as the
/// bytes are read.
pub fn decoder<'a>(encoding: Encoding, mut input: impl BufRead + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    if encoding != Encoding::Identity && input.fill_buf()?.is_empty() {
        // The decoders take no bytes at all for an empty stream.
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("no bytes where {encoding} was announced")));
    }
    Ok(match encoding {
        Encoding::Identity => Box::new(input),
        Encoding::Gzip => Box::new(Members::new(input)),
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(decoder)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn pack(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
        match encoding {
            Encoding::Identity => bytes.to_vec(),
            Encoding::Gzip => {
                let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                gzip.write_all(bytes).unwrap();
                gzip.finish().unwrap()
            }
            Encoding::Zstd => zstd::encode_all(bytes, 1).unwrap(),
        }
    }

    fn unpack(encoding: Encoding, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut unpacked = Vec::new();
        decoder(encoding, bytes)?.read_to_end(&mut unpacked)?;
        Ok(unpacked)
    }

    const FILE: &[u8] = b"postcode,availability_date\nAA1 1AA,2020-01-01\nAA1 1AB,2021-01-01\n";

    #[test]
    fn each_encoding_is_told_by_its_first_bytes_and_unpacked() {
        for encoding in Encoding::ALL {
            let packed = pack(encoding, FILE);
            assert_eq!(Encoding::detect(&packed), encoding);
            assert_eq!(unpack(encoding, &packed).unwrap(), FILE, "{encoding}");
            assert_eq!(encoding.name().parse(), Ok(encoding));
        }
        assert!("br".parse::<Encoding>().unwrap_err().to_string().contains("gzip"));
    }

    #[test]
    fn several_members_are_one_file() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let two = [pack(encoding, FILE), pack(encoding, FILE)].concat();
            assert_eq!(unpack(encoding, &two).unwrap(), [FILE, FILE].concat(), "{encoding}");
        }
    }

    #[test]
    fn gzip_may_be_padded_with_zeros_and_with_nothing_else() {
        let member = pack(Encoding::Gzip, FILE);
        for padding in [1, 7, 511, 100_000] {
            let padded = [&member[..], &vec![0; padding]].concat();
            assert_eq!(unpack(Encoding::Gzip, &padded).unwrap(), FILE, "{padding}");
            // Byte by byte, as a slow sender's chunks may be.
            let mut unpacked = Vec::new();
            let slow = io::BufReader::with_capacity(1, padded.as_slice());
            decoder(Encoding::Gzip, slow).unwrap().read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, FILE, "{padding}");
            let behind = [&padded[..], b"x"].concat();
            assert!(unpack(Encoding::Gzip, &behind).is_err(), "{padding}");
            let another = [&padded[..], &member].concat();
            assert_eq!(unpack(Encoding::Gzip, &another).unwrap(), [FILE, FILE].concat(), "{padding}");
        }
        assert!(unpack(Encoding::Gzip, &[0; 20]).is_err(), "padding alone is no file");
    }

    #[test]
    fn a_stream_cut_anywhere_is_an_error() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let packed = pack(encoding, FILE);
            for len in 0..packed.len() {
                assert!(unpack(encoding, &packed[..len]).is_err(), "{encoding} cut at {len} of {}", packed.len());
            }
        }
    }

    #[test]
    fn damage_is_an_error() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            assert!(unpack(encoding, FILE).is_err(), "{encoding}: not packed at all");
            let mut trailing = pack(encoding, FILE);
            trailing.extend(b"and more");
            assert!(unpack(encoding, &trailing).is_err(), "{encoding}: something after the end");
        }
        let mut flipped = pack(Encoding::Gzip, FILE);
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0x10;
        assert!(unpack(Encoding::Gzip, &flipped).is_err());
    }

    #[test]
    fn a_frame_that_asks_for_too_much_memory_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(ZSTD_WINDOW_LOG_MAX + 1).unwrap();
        encoder.write_all(FILE).unwrap();
        assert!(unpack(Encoding::Zstd, &encoder.finish().unwrap()).is_err());
    }
}
