//! Writes small bbolt files for tests.

use super::bolt::checksum;

pub(super) const PAGE_BYTES: usize = 4096;

/// A key of a bucket with what it stands for.
#[derive(Clone)]
pub(super) enum Node {
    Bytes(String, Vec<u8>),
    /// A bucket with pages of its own.
    Bucket(String, Vec<Node>),
    /// A bucket that lies in its parent.
    Inline(String, Vec<Node>),
}

/// Returns a bucket of packages with JSON: a list of `(package, [(vulnerability, advisory)])`.
pub(super) fn advisories(name: &str, packages: &[(&str, &[(&str, &str)])]) -> Node {
    let package = |(package, list): &(&str, &[(&str, &str)])| {
        let leaf = |(id, json): &(&str, &str)| Node::Bytes((*id).to_owned(), json.as_bytes().to_vec());
        Node::Inline((*package).to_owned(), list.iter().map(leaf).collect())
    };
    Node::Bucket(name.to_owned(), packages.iter().map(package).collect())
}

/// Returns a file with these keys at its top.
pub(super) fn file(top: &[Node]) -> Vec<u8> {
    let mut pages = Pages { bytes: vec![0; 2 * PAGE_BYTES] };
    let root = pages.bucket(top);
    let mut bytes = pages.bytes;
    for page in 0..2_usize {
        let meta = meta(root, page as u64, PAGE_BYTES);
        bytes[page * PAGE_BYTES..][..meta.len()].copy_from_slice(&meta);
    }
    bytes
}

/// Returns a page with a meta.
pub(super) fn meta(root: u64, transaction: u64, page_bytes: usize) -> Vec<u8> {
    let mut meta = vec![];
    meta.extend(0xED0C_DAED_u32.to_le_bytes());
    meta.extend(2_u32.to_le_bytes());
    meta.extend(u32::try_from(page_bytes).unwrap().to_le_bytes());
    meta.extend(0_u32.to_le_bytes());
    for number in [root, 0, 2, 1000, transaction] {
        meta.extend(number.to_le_bytes());
    }
    let sum = checksum(&meta);
    meta.extend(sum.to_le_bytes());
    [head(transaction & 1, 4, 0, 0), meta].concat()
}

/// Returns the head of a page.
pub(super) fn head(number: u64, kind: u16, count: usize, further: usize) -> Vec<u8> {
    let mut head = number.to_le_bytes().to_vec();
    head.extend(kind.to_le_bytes());
    head.extend(u16::try_from(count).unwrap().to_le_bytes());
    head.extend(u32::try_from(further).unwrap().to_le_bytes());
    head
}

struct Pages {
    bytes: Vec<u8>,
}

impl Pages {
    /// Writes the pages of a bucket, two keys a leaf, and returns the number of its root.
    fn bucket(&mut self, nodes: &[Node]) -> u64 {
        if nodes.len() <= 2 {
            let page = self.leaf(nodes);
            return self.put(2, nodes.len(), &page);
        }
        let mut entries = vec![];
        for half in nodes.chunks(nodes.len().div_ceil(2)) {
            let (Node::Bytes(key, _) | Node::Bucket(key, _) | Node::Inline(key, _)) = &half[0];
            entries.push((key.clone(), self.bucket(half)));
        }
        let (mut elements, mut data): (Vec<u8>, Vec<u8>) = (vec![], vec![]);
        for (index, (key, page)) in entries.iter().enumerate() {
            let place = (entries.len() - index) * 16 + data.len();
            elements.extend(u32::try_from(place).unwrap().to_le_bytes());
            elements.extend(u32::try_from(key.len()).unwrap().to_le_bytes());
            elements.extend(page.to_le_bytes());
            data.extend(key.as_bytes());
        }
        elements.extend(data);
        self.put(1, entries.len(), &elements)
    }

    /// Returns the elements of a leaf with their data.
    fn leaf(&mut self, nodes: &[Node]) -> Vec<u8> {
        let (mut elements, mut data) = (vec![], vec![]);
        for (index, node) in nodes.iter().enumerate() {
            let (key, value, flags) = match node {
                Node::Bytes(key, value) => (key, value.clone(), 0_u32),
                Node::Bucket(key, below) => (key, [self.bucket(below).to_le_bytes(), [0; 8]].concat(), 1),
                Node::Inline(key, below) => {
                    let page = self.leaf(below);
                    (key, [vec![0; 16], head(0, 2, below.len(), 0), page].concat(), 1)
                }
            };
            let place = (nodes.len() - index) * 16 + data.len();
            elements.extend(flags.to_le_bytes());
            for number in [place, key.len(), value.len()] {
                elements.extend(u32::try_from(number).unwrap().to_le_bytes());
            }
            data.extend(key.as_bytes());
            data.extend(value);
        }
        elements.extend(data);
        elements
    }

    fn put(&mut self, kind: u16, count: usize, content: &[u8]) -> u64 {
        let number = self.bytes.len() / PAGE_BYTES;
        let pages = (16 + content.len()).div_ceil(PAGE_BYTES);
        self.bytes.extend(head(number as u64, kind, count, pages - 1));
        self.bytes.extend(content);
        self.bytes.resize((number + pages) * PAGE_BYTES, 0);
        number as u64
    }
}
