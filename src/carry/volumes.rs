//! How contents are laid out in volumes of a limited size. Pure: equal contents and sizes give equal volumes.

use crate::model::Digest;

/// The default size of a volume: what every file system of removable media takes.
pub const VOLUME_BYTES_DEFAULT: u64 = 4 << 30;

/// The smallest volume. Below it headers would be most of a volume.
pub const VOLUME_BYTES_MIN: u64 = 16 << 10;

/// A block of a tar archive (POSIX.1-1988).
const BLOCK: u64 = 512;

/// The two empty blocks at the end of an archive.
const END: u64 = 2 * BLOCK;

/// The longest name in a plain header; longer ones take an entry of their own with the name as its content.
const SHORT_NAME_BYTES: usize = 100;

/// Some bytes of a content in one volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    /// The name of the entry.
    pub name: String,
    pub digest: Digest,
    /// Where in the content the piece begins.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
}

/// Returns `volume-0001.tar` for number 1.
pub(super) fn volume_name(number: usize) -> String {
    format!("volume-{number:04}.tar")
}

/// Returns the name of an entry; `part` is the number of the part where there are several.
pub(super) fn entry_name(digest: &Digest, part: Option<usize>) -> String {
    let name = format!("blobs/{}/{}", digest.algorithm().name(), digest.hex());
    part.map_or(name.clone(), |part| format!("{name}.part-{part:04}"))
}

/// Lays contents out in volumes of at most `volume_bytes`, in their order. What is larger than a volume is split and
/// begins a new one.
pub(super) fn lay_out<'c>(
    contents: impl Iterator<Item = (&'c Digest, u64)>,
    volume_bytes: u64,
) -> Vec<Vec<Piece>> {
    let mut layout = Layout { volumes: vec![vec![]], used: END, volume_bytes };
    for (digest, size) in contents {
        let name = entry_name(digest, None);
        if END + cost(&name, size) <= volume_bytes {
            layout.add(Piece { name, digest: digest.clone(), offset: 0, size });
        } else {
            layout.split(digest, size);
        }
    }
    layout.volumes.retain(|volume| !volume.is_empty());
    layout.volumes
}

struct Layout {
    volumes: Vec<Vec<Piece>>,
    /// Bytes of the last volume, its end included.
    used: u64,
    volume_bytes: u64,
}

impl Layout {
    fn add(&mut self, piece: Piece) {
        let cost = cost(&piece.name, piece.size);
        if self.used + cost > self.volume_bytes {
            self.begin();
        }
        self.used += cost;
        if let Some(last) = self.volumes.last_mut() {
            last.push(piece);
        }
    }

    fn split(&mut self, digest: &Digest, size: u64) {
        self.begin();
        let mut offset = 0;
        let mut part = 1;
        while offset < size {
            let name = entry_name(digest, Some(part));
            let room = (self.volume_bytes - END - cost(&name, 0)) / BLOCK * BLOCK;
            let piece = Piece { name, digest: digest.clone(), offset, size: room.min(size - offset) };
            offset += piece.size;
            part += 1;
            self.add(piece);
        }
    }

    fn begin(&mut self) {
        self.volumes.push(vec![]);
        self.used = END;
    }
}

/// Returns the bytes that an entry takes in an archive.
fn cost(name: &str, size: u64) -> u64 {
    let long = if name.len() > SHORT_NAME_BYTES { 2 * BLOCK } else { 0 };
    BLOCK + long + size.next_multiple_of(BLOCK)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(sizes: &[u64], volume_bytes: u64) -> Vec<Vec<(u64, u64)>> {
        let digests: Vec<Digest> = (0..sizes.len()).map(|n| Digest::sha256(n.to_string())).collect();
        let volumes = lay_out(digests.iter().zip(sizes.iter().copied()), volume_bytes);
        volumes.iter().map(|v| v.iter().map(|piece| (piece.offset, piece.size)).collect()).collect()
    }

    #[test]
    fn volumes_are_filled_in_order_and_never_beyond_their_size() {
        // 8 KiB less 1 KiB end: entries of 1 KiB cost 1.5 KiB, so four fit.
        let one = (0, 1024);
        assert_eq!(laid_out(&[1024; 5], 8192), [vec![one; 4], vec![one]]);
        assert_eq!(laid_out(&[], 8192), Vec::<Vec<(u64, u64)>>::new());
        assert_eq!(laid_out(&[0], 8192), [[(0, 0)]]);
        // The largest that fits whole: 8192 - 1024 - 512.
        assert_eq!(laid_out(&[6656], 8192), [[(0, 6656)]]);
        assert_eq!(laid_out(&[6657, 10], 8192), [vec![(0, 6656)], vec![(6656, 1), (0, 10)]]);
        assert_eq!(
            laid_out(&[10, 20_000], 8192),
            [[(0, 10)], [(0, 6656)], [(6656, 6656)], [(13_312, 6656)], [(19_968, 32)]]
        );
    }

    #[test]
    fn long_names_are_counted() {
        let digest: Digest = format!("sha512:{}", "ab".repeat(64)).parse().unwrap();
        let volumes = lay_out([(&digest, 6656), (&Digest::sha256(b"x"), 1)].into_iter(), 8192);
        assert_eq!(volumes.len(), 2, "with its long name it does not fit whole");
        assert!(volumes[0][0].name.ends_with(".part-0001"));
        assert_eq!(volumes[0][0].size, 5632);
    }
}
