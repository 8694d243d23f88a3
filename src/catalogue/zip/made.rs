//! Zip archives made by hand for tests, honest or not.

/// One entry to be written.
#[derive(Clone)]
pub(in crate::catalogue) struct Made {
    pub name: Vec<u8>,
    /// What the local header says; the same where absent.
    pub local_name: Option<Vec<u8>>,
    pub content: Vec<u8>,
    pub deflated: bool,
    pub method: Option<u16>,
    pub flags: u16,
    /// What the directory says; the truth where absent.
    pub size: Option<u32>,
    pub checksum: Option<u32>,
}

/// Returns a stored entry.
pub(in crate::catalogue) fn entry(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Made {
    Made {
        name: name.as_ref().to_vec(),
        local_name: None,
        content: content.as_ref().to_vec(),
        deflated: false,
        method: None,
        flags: 0,
        size: None,
        checksum: None,
    }
}

impl Made {
    pub(in crate::catalogue) fn deflated(self) -> Self {
        Self { deflated: true, ..self }
    }

    fn stored(&self) -> Vec<u8> {
        if !self.deflated {
            return self.content.clone();
        }
        let mut encoder = flate2::write::DeflateEncoder::new(vec![], flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, &self.content).unwrap();
        encoder.finish().unwrap()
    }

    /// The fields that both headers share: version to checksum and sizes, without name lengths.
    fn shared(&self, compressed: u32) -> Vec<u8> {
        let mut crc = flate2::Crc::new();
        crc.update(&self.content);
        let method = self.method.unwrap_or(if self.deflated { 8 } else { 0 });
        let mut bytes = vec![];
        for value in [20, self.flags, method, 0, 0] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        let size = self.size.unwrap_or(u32::try_from(self.content.len()).unwrap());
        for value in [self.checksum.unwrap_or(crc.sum()), compressed, size] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes
    }
}

/// Returns an archive of the entries.
pub(in crate::catalogue) fn zip(entries: &[Made]) -> Vec<u8> {
    let mut bytes = vec![];
    let mut directory = vec![];
    for made in entries {
        let offset = u32::try_from(bytes.len()).unwrap();
        let stored = made.stored();
        let shared = made.shared(u32::try_from(stored.len()).unwrap());
        let local_name = made.local_name.as_ref().unwrap_or(&made.name);
        bytes.extend_from_slice(b"PK\x03\x04");
        bytes.extend_from_slice(&shared);
        bytes.extend_from_slice(&u16::try_from(local_name.len()).unwrap().to_le_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend_from_slice(local_name);
        bytes.extend_from_slice(&stored);
        directory.extend(directory_entry(&shared, &made.name, offset));
    }
    finish(bytes, &directory, entries.len())
}

/// Returns a directory entry with fields as [`Made::shared`] makes them.
fn directory_entry(shared: &[u8], name: &[u8], offset: u32) -> Vec<u8> {
    let mut bytes = b"PK\x01\x02\x14\x00".to_vec();
    bytes.extend_from_slice(shared);
    bytes.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&[0; 12]);
    bytes.extend_from_slice(&offset.to_le_bytes());
    bytes.extend_from_slice(name);
    bytes
}

/// Returns an archive in which every name of the directory leads to the same local header.
pub(in crate::catalogue) fn overlapping(made: &Made, names: &[String]) -> Vec<u8> {
    let stored = made.stored();
    let shared = made.shared(u32::try_from(stored.len()).unwrap());
    let mut bytes = zip(std::slice::from_ref(made));
    let end = bytes.len() - 22 - 46 - made.name.len();
    bytes.truncate(end);
    let directory: Vec<u8> =
        names.iter().flat_map(|name| directory_entry(&shared, name.as_bytes(), 0)).collect();
    finish(bytes, &directory, names.len())
}

pub(in crate::catalogue) fn finish(mut bytes: Vec<u8>, directory: &[u8], entries: usize) -> Vec<u8> {
    let offset = u32::try_from(bytes.len()).unwrap();
    bytes.extend_from_slice(directory);
    bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(entries & 0xffff).unwrap();
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(directory.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&offset.to_le_bytes());
    bytes.extend_from_slice(&[0, 0]);
    bytes
}
