//! The compressions that advisories are published in.

use std::io::{self, BufRead, Read};

/// Returns a reader of what is compressed, told by its first bytes; of anything else a reader of it as it is.
pub(super) fn unpack<'r>(magic: &[u8], file: impl BufRead + 'r) -> io::Result<Box<dyn Read + 'r>> {
    Ok(match magic {
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Box::new(zstd::Decoder::with_buffer(file)?),
        [b'B', b'Z', b'h', ..] => Box::new(bzip2::bufread::MultiBzDecoder::new(file)),
        // A stream may ask for a window of up to 4 GiB, of which only what it unpacks to is ever touched.
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Box::new(lzma_rust2::XzReader::new(file, true)),
        _ => Box::new(file),
    })
}
