use super::made::{Made, entry, finish, zip};
use super::*;

fn listed(bytes: &[u8]) -> Result<Vec<String>, ZipError> {
    let archive = Zip::open(bytes)?;
    archive.entries().map(|entry| entry.map(|e| String::from_utf8_lossy(e.name).into_owned())).collect()
}

fn content(bytes: &[u8], name: &str, bytes_max: u64) -> Result<Vec<u8>, ZipError> {
    let archive = Zip::open(bytes)?;
    let found = archive.entries().flatten().find(|entry| entry.name == name.as_bytes()).unwrap();
    archive.content(&found, bytes_max).map(Cow::into_owned)
}

#[test]
fn stored_and_deflated_entries_are_read() {
    let bytes = zip(&[entry("a", "one"), entry("b/c", "two".repeat(1000)).deflated(), entry("empty", "")]);
    assert_eq!(listed(&bytes).unwrap(), ["a", "b/c", "empty"]);
    assert_eq!(content(&bytes, "a", 3).unwrap(), b"one");
    assert_eq!(content(&bytes, "b/c", 3000).unwrap(), "two".repeat(1000).as_bytes());
    assert_eq!(content(&bytes, "empty", 0).unwrap(), b"");
    assert_eq!(listed(&zip(&[])).unwrap(), [""; 0]);
}

#[test]
fn what_stands_in_front_of_and_behind_an_archive_does_no_harm() {
    let archive = zip(&[entry("a", "one"), entry("b", "two").deflated()]);
    let script = [b"#!/bin/sh\nexec java -jar $0\n".to_vec(), archive.clone()].concat();
    assert_eq!(content(&script, "b", 100).unwrap(), b"two");
    let trailing = [archive.clone(), b"signature".to_vec()].concat();
    assert_eq!(content(&trailing, "b", 100).unwrap(), b"two");
    let mut comment = archive;
    let at = comment.len() - 2;
    comment[at] = 4;
    comment.extend_from_slice(b"PK\x05\x06");
    assert_eq!(content(&comment, "b", 100).unwrap(), b"two");
}

/// Written by hand from APPNOTE.TXT, sections 4.3.14, 4.3.15 and 4.5.3.
#[test]
fn zip64_archives_are_read() {
    let mut bytes = b"PK\x03\x04\x2d\0\0\0\0\0\0\0\0\0".to_vec();
    let tail = [&0x7a6a_86f1_u32.to_le_bytes()[..], &3_u32.to_le_bytes(), &3_u32.to_le_bytes()].concat();
    let mut crc = flate2::Crc::new();
    crc.update(b"one");
    bytes.extend_from_slice(&crc.sum().to_le_bytes());
    bytes.extend_from_slice(&tail[4..]);
    bytes.extend_from_slice(b"\x01\0\0\0aone");
    let directory_at = bytes.len() as u64;
    bytes.extend_from_slice(b"PK\x01\x02\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
    bytes.extend_from_slice(&crc.sum().to_le_bytes());
    bytes.extend_from_slice(&[0xff; 8]);
    bytes.extend_from_slice(b"\x01\0\x1c\0\0\0\0\0\0\0\0\0\0\0\xff\xff\xff\xffa");
    bytes.extend_from_slice(b"\x01\0\x18\0");
    for value in [3_u64, 3, 0] {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    let size = bytes.len() as u64 - directory_at;
    let record_at = bytes.len() as u64;
    bytes.extend_from_slice(b"PK\x06\x06\x2c\0\0\0\0\0\0\0\x2d\0\x2d\0\0\0\0\0\0\0\0\0");
    for value in [1, 1, size, directory_at] {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    bytes.extend_from_slice(&record_at.to_le_bytes());
    bytes.extend_from_slice(b"\x01\0\0\0PK\x05\x06\0\0\0\0");
    bytes.extend_from_slice(&[0xff; 12]);
    bytes.extend_from_slice(&[0, 0]);
    assert_eq!(content(&bytes, "a", 10).unwrap(), b"one");
    let prefixed = [b"#!/bin/sh\n".to_vec(), bytes].concat();
    assert_eq!(content(&prefixed, "a", 10).unwrap(), b"one");
}

#[test]
fn lying_entries_are_refused_and_say_why() {
    let honest = || entry("a", "x".repeat(5000));
    for (made, expected) in [
        (honest(), ZipError::TooLarge(4999)),
        (Made { size: Some(10), ..honest() }, ZipError::Sizes),
        (Made { size: Some(10), ..honest().deflated() }, ZipError::Sizes),
        (Made { size: Some(4999), ..honest().deflated() }, ZipError::Sizes),
        (Made { size: Some(0xffff_fff0), ..honest().deflated() }, ZipError::TooLarge(4999)),
        (Made { size: Some(4998), content: vec![7; 3], ..honest() }, ZipError::Sizes),
        (Made { checksum: Some(1), content: vec![7; 3], ..honest() }, ZipError::Checksum),
        (Made { flags: 1, content: vec![7; 3], ..honest() }, ZipError::Encrypted),
        (Made { method: Some(93), content: vec![7; 3], ..honest() }, ZipError::Method(93)),
        (Made { method: Some(8), content: vec![7; 3], ..honest() }, ZipError::Deflate),
        (Made { local_name: Some(b"b".to_vec()), content: vec![7; 3], ..honest() }, ZipError::Local),
    ] {
        assert_eq!(content(&zip(&[made]), "a", 4999), Err(expected), "{expected:?}");
    }
}

#[test]
fn a_bomb_is_inflated_no_further_than_allowed() {
    let bytes = zip(&[entry("a", vec![0; 20 << 20]).deflated()]);
    assert!(bytes.len() < 100_000);
    assert_eq!(content(&bytes, "a", 1 << 20), Err(ZipError::TooLarge(1 << 20)));
    let archive = Zip::open(&bytes).unwrap();
    let found = archive.entries().next().unwrap().unwrap();
    assert_eq!(archive.beginning(&found, 1000).unwrap().len(), 1000);
}

#[test]
fn a_directory_that_counts_wrong_is_an_error_behind_what_it_has() {
    let honest = zip(&[entry("a", "one"), entry("b", "two")]);
    let counts = honest.len() - 22 + 8;
    for count in [0_u8, 1, 3, 200] {
        let mut bytes = honest.clone();
        (bytes[counts], bytes[counts + 2]) = (count, count);
        let archive = Zip::open(&bytes).unwrap();
        let read: Vec<_> = archive.entries().map(|entry| entry.map(|e| e.name)).collect();
        assert_eq!(read, [Ok(&b"a"[..]), Ok(b"b"), Err(ZipError::Directory)]);
    }
    let mut volumes = honest;
    volumes[counts] = 1;
    assert_eq!(Zip::open(&volumes).unwrap_err(), ZipError::Volumes);
}

#[test]
fn archives_cut_off_at_every_length_are_errors() {
    let whole = zip(&[entry("a", "one"), entry("META-INF/b", "two".repeat(20)).deflated()]);
    for length in 0..whole.len() {
        assert!(listed(&whole[..length]).is_err(), "{length}");
    }
}

#[test]
fn archives_with_any_byte_changed_are_read_or_refused() {
    let whole = zip(&[entry("a", "one"), entry("b", "two".repeat(20)).deflated()]);
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let Ok(archive) = Zip::open(&bytes) else { continue };
            for found in archive.entries().flatten() {
                let read = archive.content(&found, 1000);
                assert!(read.is_err() || read.unwrap().len() <= 1000);
            }
        }
    }
}

#[test]
fn more_entries_than_the_end_record_can_count_are_walked_one_by_one() {
    let one = zip(&[entry("a", "")]);
    let directory = one[31..31 + 47].repeat(70_000);
    let bytes = finish(one[..31].to_vec(), &directory, 70_000);
    assert_eq!(listed(&bytes).unwrap().len(), 70_000);
}

/// Takes everything, and keeps it.
#[derive(Default)]
struct Kept(Vec<(String, Result<Vec<u8>, ZipError>)>);

impl stream::Visit for Kept {
    fn choose(&self, name: &[u8]) -> stream::Take {
        if name.starts_with(b"skip") { stream::Take::Nothing } else { stream::Take::Whole(5000) }
    }

    fn taken(&mut self, name: &[u8], content: Result<Vec<u8>, ZipError>) {
        self.0.push((String::from_utf8_lossy(name).into_owned(), content));
    }
}

fn streamed(bytes: &[u8]) -> Result<Kept, ZipError> {
    let mut kept = Kept::default();
    stream::read(bytes, &mut kept).map(|()| kept)
}

#[test]
fn a_stream_tells_the_same_as_the_directory() {
    let archive = zip(&[
        entry("a", "one"),
        entry("skip", "x".repeat(9000)).deflated(),
        entry("b", "two".repeat(1000)).deflated(),
        entry("large", "x".repeat(5001)),
    ]);
    let script = [b"#!/bin/sh\nexec java -jar $0\n".to_vec(), archive.clone()].concat();
    for bytes in [archive, script] {
        let kept = streamed(&bytes).unwrap().0;
        let expected = [
            ("a".to_owned(), Ok(b"one".to_vec())),
            ("b".to_owned(), Ok("two".repeat(1000).into_bytes())),
            ("large".to_owned(), Err(ZipError::TooLarge(5000))),
        ];
        assert_eq!(kept, expected);
    }
}

/// As the Java platform's own tool writes entries: sizes behind the content (section 4.3.9).
#[test]
fn sizes_behind_a_content_are_read() {
    let honest = zip(&[entry("a", "one".repeat(20)).deflated(), entry("b", "two").deflated()]);
    let archive = Zip::open(&honest).unwrap();
    let entries: Vec<Entry<'_>> = archive.entries().map(Result::unwrap).collect();
    for (has_signature, is_wide) in [(true, false), (false, false), (true, true)] {
        let mut bytes = vec![];
        let mut directory = vec![];
        for found in &entries {
            let offset = u32::try_from(bytes.len()).unwrap();
            bytes.extend_from_slice(b"PK\x03\x04\x14\0\x08\0\x08\0\0\0\0\0");
            bytes.extend_from_slice(&[0; 12]);
            bytes.extend_from_slice(if is_wide { b"\x01\0\x04\0" } else { b"\x01\0\0\0" });
            bytes.extend_from_slice(found.name);
            bytes.extend_from_slice(if is_wide { b"\x01\0\0\0" } else { b"" });
            bytes.extend_from_slice(archive.raw(found).unwrap());
            let width = if is_wide { 8 } else { 4 };
            let sizes =
                [found.compressed, found.size].map(|size| size.to_le_bytes()[..width].to_vec()).concat();
            bytes.extend_from_slice(if has_signature { b"PK\x07\x08" } else { b"" });
            bytes.extend_from_slice(&found.checksum.to_le_bytes());
            bytes.extend_from_slice(&sizes);
            directory.extend_from_slice(b"PK\x01\x02\x14\0\x14\0\x08\0\x08\0\0\0\0\0");
            directory.extend_from_slice(&found.checksum.to_le_bytes());
            directory.extend_from_slice(&u32::try_from(found.compressed).unwrap().to_le_bytes());
            directory.extend_from_slice(&u32::try_from(found.size).unwrap().to_le_bytes());
            directory.extend_from_slice(b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0");
            directory.extend_from_slice(&offset.to_le_bytes());
            directory.extend_from_slice(found.name);
        }
        let bytes = finish(bytes, &directory, 2);
        let kept = streamed(&bytes).unwrap().0;
        assert_eq!(kept[0].1.as_deref(), Ok("one".repeat(20).as_bytes()), "{has_signature} {is_wide}");
        assert_eq!(kept[1].1.as_deref(), Ok(&b"two"[..]));
    }
}

#[test]
fn a_stream_that_its_end_does_not_confirm_is_an_error() {
    let made = [entry("a", "one"), entry("b", "two")];
    let honest = zip(&made);
    // Another archive behind the first one: by its end record the second one counts.
    let two = [honest.clone(), zip(&[entry("c", "three")])].concat();
    let renamed = zip(&[Made { local_name: Some(b"x".to_vec()), ..made[0].clone() }]);
    let mut hidden = honest.clone();
    let at = hidden.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    hidden.drain(at..at + 47);
    let mut miscounted = honest.clone();
    let count = miscounted.len() - 12;
    miscounted[count] = 9;
    let trailing = [honest.clone(), b"x".to_vec()].concat();
    for bytes in [&two, &renamed, &hidden, &miscounted, &trailing, &b"PK".to_vec(), &vec![0; 1 << 20]] {
        assert!(streamed(bytes).is_err());
    }
    for length in 0..honest.len() {
        assert!(streamed(&honest[..length]).is_err(), "{length}");
    }
    for at in 0..honest.len() {
        for value in [0, 0x7f, 0xff] {
            let mut bytes = honest.clone();
            bytes[at] = value;
            let _ = streamed(&bytes);
        }
    }
}
