use super::super::bolt_fixture::{Node, PAGE_BYTES, file, head, meta};
use super::*;

fn bytes(key: &str, value: &str) -> Node {
    Node::Bytes(key.to_owned(), value.as_bytes().to_vec())
}

/// Returns every path of a file with its value, or why it cannot be read.
fn dump(file: &[u8]) -> Result<Vec<String>, String> {
    let bolt = Bolt::open(file)?;
    let mut found = vec![];
    below(&bolt, bolt.root(), "", &mut found)?;
    Ok(found)
}

fn below(bolt: &Bolt<'_>, bucket: Bucket<'_>, path: &str, found: &mut Vec<String>) -> Result<(), String> {
    bolt.each(bucket, &mut |key, value| {
        let path = format!("{path}/{}", String::from_utf8_lossy(key));
        match value {
            Value::Bytes(value) => found.push(format!("{path}={}", String::from_utf8_lossy(value))),
            Value::Bucket(bucket) => below(bolt, bucket, &path, found)?,
        }
        Ok(())
    })
}

fn sample() -> Vec<u8> {
    file(&[
        bytes("a", "1"),
        Node::Bucket("b".into(), (0..7).map(|n| bytes(&format!("k{n}"), "v")).collect()),
        Node::Inline("c".into(), vec![bytes("x", ""), Node::Inline("y".into(), vec![bytes("z", "2")])]),
        Node::Inline("empty".into(), vec![]),
    ])
}

#[test]
fn branches_leaves_and_both_kinds_of_buckets_are_read() {
    let found = dump(&sample()).unwrap();
    let expected = [
        "/a=1", "/b/k0=v", "/b/k1=v", "/b/k2=v", "/b/k3=v", "/b/k4=v", "/b/k5=v", "/b/k6=v", "/c/x=",
        "/c/y/z=2",
    ];
    assert_eq!(found, expected);
    let long = "v".repeat(3 * PAGE_BYTES);
    assert_eq!(
        dump(&file(&[bytes("long", &long)])).unwrap(),
        [format!("/long={long}")],
        "a page over others"
    );
    assert!(dump(&file(&[])).unwrap().is_empty());
}

#[test]
fn the_checksum_is_fnv_1a() {
    // RFC 9923 and the test vectors of its authors.
    for (text, sum) in
        [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
    {
        assert_eq!(checksum(text.as_bytes()), sum, "{text}");
    }
}

#[test]
fn the_newer_whole_meta_counts() {
    let two = |first: (u64, u64), second: (u64, u64)| {
        // Page 2 is the root of one file, page 3 that of the other.
        let mut whole = file(&[bytes("a", "old")]);
        let page = whole.len() / PAGE_BYTES;
        let leaf = file(&[bytes("a", "new")])[2 * PAGE_BYTES..].to_vec();
        whole.extend(leaf);
        whole[page * PAGE_BYTES..][..8].copy_from_slice(&(page as u64).to_le_bytes());
        for (at, (root, transaction)) in [first, second].into_iter().enumerate() {
            let meta = meta(root, transaction, PAGE_BYTES);
            whole[at * PAGE_BYTES..][..meta.len()].copy_from_slice(&meta);
        }
        whole
    };
    assert_eq!(dump(&two((2, 4), (3, 5))).unwrap(), ["/a=new"]);
    assert_eq!(dump(&two((2, 6), (3, 5))).unwrap(), ["/a=old"]);
    let mut torn = two((2, 6), (3, 5));
    torn[20] ^= 1;
    assert_eq!(dump(&torn).unwrap(), ["/a=new"], "the first meta is torn");
    torn[PAGE_BYTES + 40] ^= 1;
    assert_eq!(dump(&torn).unwrap_err(), "neither meta page is whole");
}

#[test]
fn metas_of_other_formats_are_refused() {
    for (what, at, value) in [
        ("magic", 16, 0_u32),
        ("big-endian magic", 16, 0xED0C_DAED_u32.swap_bytes()),
        ("version", 20, 3),
        ("no page size", 24, 0),
        ("page size that is no power of two", 24, 4095),
        ("huge page size", 24, 1 << 31),
    ] {
        let mut bytes = sample();
        for page in [0, PAGE_BYTES] {
            bytes[page + at..][..4].copy_from_slice(&value.to_le_bytes());
            let sum = checksum(&bytes[page + 16..page + 72]);
            bytes[page + 72..][..8].copy_from_slice(&sum.to_le_bytes());
        }
        assert_eq!(dump(&bytes).unwrap_err(), "neither meta page is whole", "{what}");
    }
    assert!(is_bolt(&sample()));
    for bytes in [&b""[..], &[0; 20], b"SQLite format 3\0"] {
        assert!(!is_bolt(bytes));
        assert!(dump(bytes).is_err());
    }
}

#[test]
fn every_truncation_is_an_error_or_the_same() {
    let whole = sample();
    let expected = dump(&whole).unwrap();
    for length in 0..whole.len() {
        if let Ok(found) = dump(&whole[..length]) {
            assert_eq!(found, expected, "{length}");
            assert_eq!(length, whole.len(), "the last page reaches to the end");
        }
    }
}

#[test]
fn every_flipped_bit_is_survived() {
    let whole = file(&[bytes("a", "1"), Node::Inline("c".into(), vec![bytes("x", "2")])]);
    let (sound, mut changed) = (dump(&whole), 0);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        changed += u32::from(dump(&bytes) != sound);
    }
    assert!(changed > 10, "{changed}");
}

/// Returns a file whose root is page 2 with this content, and which has `more` pages behind it.
fn with_root(kind: u16, count: usize, further: usize, content: &[u8], more: usize) -> Vec<u8> {
    let mut bytes = [meta(2, 0, PAGE_BYTES), vec![0; PAGE_BYTES]].concat();
    bytes.truncate(PAGE_BYTES);
    bytes.extend(meta(2, 1, PAGE_BYTES));
    bytes.resize(2 * PAGE_BYTES, 0);
    bytes.extend(head(2, kind, count, further));
    bytes.extend(content);
    bytes.resize((3 + more).max(bytes.len().div_ceil(PAGE_BYTES)) * PAGE_BYTES, 0);
    bytes
}

fn element(numbers: [u32; 4]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn damaged_pages_are_refused() {
    for (attack, bytes, expected) in [
        ("a page of no kind", with_root(0x10, 0, 0, &[], 0), "page 2 is neither branch nor leaf"),
        (
            "a page that points at itself",
            with_root(1, 1, 0, &element([16, 0, 2, 0]), 0),
            "more pages are pointed at",
        ),
        ("a page outside", with_root(1, 1, 0, &element([16, 0, 9, 0]), 0), "page 9 is not in the file"),
        (
            "a page past every file",
            with_root(1, 1, 0, &element([16, 0, 0, u32::MAX]), 0),
            "is not in the file",
        ),
        (
            "a page with another number",
            with_root(1, 1, 0, &element([16, 0, 3, 0]), 1),
            "page 3 has the number of",
        ),
        ("a page over more than there is", with_root(2, 0, 9, &[], 0), "more pages are pointed at"),
        ("more elements than fit", with_root(2, 0xffff, 0, &[], 0), "an element reaches out of its page"),
        ("more branches than fit", with_root(1, 0xffff, 0, &[], 0), "an element reaches out of its page"),
        ("a key outside", with_root(2, 1, 0, &element([0, 16, u32::MAX, 0]), 0), "reaches out of its page"),
        ("a value outside", with_root(2, 1, 0, &element([0, 16, 0, u32::MAX]), 0), "reaches out of its page"),
        ("a place outside", with_root(2, 1, 0, &element([0, u32::MAX, 0, 0]), 0), "reaches out of its page"),
        (
            "elements with the same bytes",
            with_root(2, 2, 0, &[element([0, 32, 0, 64]), element([0, 16, 0, 64])].concat(), 0),
            "lie over each other",
        ),
        ("a bucket without a head", with_root(2, 1, 0, &element([1, 16, 0, 8]), 0), "that is no page"),
        ("a bucket without a page", with_root(2, 1, 0, &element([1, 16, 0, 16]), 0), "that is no page"),
        (
            "a bucket that is its parent",
            with_root(2, 1, 0, &[element([1, 16, 0, 16]), element([2, 0, 0, 0])].concat(), 9),
            "more pages",
        ),
    ] {
        let found = dump(&bytes).unwrap_err();
        assert!(found.contains(expected), "{attack}: {found}");
    }
}

#[test]
fn a_deep_chain_of_branches_ends() {
    let mut bytes = with_root(1, 1, 0, &element([16, 0, 3, 0]), 0);
    for page in 3..100_u32 {
        bytes.extend(head(u64::from(page), 1, 1, 0));
        bytes.extend(element([16, 0, page + 1, 0]));
        bytes.resize((page as usize + 1) * PAGE_BYTES, 0);
    }
    assert_eq!(dump(&bytes).unwrap_err(), format!("a tree deeper than {DEPTH_MAX} pages"));
}

#[test]
fn what_a_visit_refuses_ends_the_walk() {
    let bytes = sample();
    let bolt = Bolt::open(&bytes).unwrap();
    let mut seen = 0;
    let found = bolt.each(bolt.root(), &mut |_, _| {
        seen += 1;
        Err("enough".to_owned())
    });
    assert_eq!((found.unwrap_err().as_str(), seen), ("enough", 1));
}
