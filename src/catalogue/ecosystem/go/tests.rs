use super::*;

const LIST: &str = "path\texample.com/a/cmd/b\nmod\texample.com/a\t(devel)\t\n\
    dep\tgithub.com/BurntSushi/toml\tv1.2.3\th1:x=\ndep\tgopkg.in/yaml.v3\tv3.0.1\th1:y=\n\
    dep\tgithub.com/old/fork\tv1.0.0\n=>\tgithub.com/new/fork/v2\tv2.1.0\th1:z=\n\
    dep\texample.com/local\tv0.0.0\n=>\t./local\t(devel)\t\n\
    build\t-ldflags=\"-s -X main.version=1.4.0\"\nbuild\tvcs.revision=0123456789abcdef\nbuild\tvcs.time=2024-05-01T10:20:30Z\n";

/// A record as Go has written it since 1.18.
fn record(go_version: &str, list: &str) -> Vec<u8> {
    let mut bytes = b"\xff Go buildinf:\x08\x02".to_vec();
    bytes.resize(32, 0);
    let framed =
        if list.is_empty() { String::new() } else { format!("0123456789abcdef{list}fedcba9876543210") };
    for text in [go_version, &framed] {
        let mut length = text.len();
        while length > 0x7f {
            bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        bytes.push(u8::try_from(length).unwrap());
        bytes.extend(text.as_bytes());
    }
    bytes
}

const DATA: usize = 0x100;
const ADDRESS: u64 = 0x40_0000;

/// An ELF file for 64 bits with one segment that can be written, and no sections: `data` stands at [`DATA`].
fn elf(data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
    bytes.resize(16, 0);
    let size = (DATA + data.len()) as u64;
    for half in [2_u16, 62] {
        bytes.extend(half.to_le_bytes());
    }
    bytes.extend(1_u32.to_le_bytes());
    for word in [0_u64, 64, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 64, 0, 0] {
        bytes.extend(half.to_le_bytes());
    }
    // The program header: loaded, readable and writable, from the start of the file.
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(6_u32.to_le_bytes());
    for word in [0, ADDRESS, ADDRESS, size, size, 0x1000] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.resize(DATA, 0);
    bytes.extend(data);
    bytes
}

/// The record of before Go 1.18: pointers to texts, which stand behind it.
fn old_record(go_version: &str, list: &str) -> Vec<u8> {
    let framed = format!("0123456789abcdef{list}fedcba9876543210");
    let base = ADDRESS + DATA as u64;
    let (version_at, list_at) = (base + 64, base + 64 + go_version.len() as u64);
    let mut bytes = b"\xff Go buildinf:\x08\x00".to_vec();
    for word in [base + 32, base + 48, version_at, go_version.len() as u64, list_at, framed.len() as u64] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(go_version.as_bytes());
    bytes.extend(framed.as_bytes());
    bytes
}

fn parse(bytes: &[u8]) -> Parsed {
    (CATALOGUER.parse)(&File { path: "usr/bin/a", bytes })
}

fn shown(parsed: &Parsed) -> Vec<String> {
    let name = |found: &Found| need(found).name;
    parsed.packages.iter().map(|found| format!("{}@{}", name(found), found.version)).collect()
}

const EXPECTED: [&str; 6] = [
    "example.com/a@v1.4.0",
    "github.com/BurntSushi/toml@v1.2.3",
    "gopkg.in/yaml.v3@v3.0.1",
    "github.com/new/fork/v2@v2.1.0",
    "example.com/local@",
    "stdlib@1.22.3",
];

#[test]
fn both_forms_of_the_record_are_read() {
    for bytes in [elf(&record("go1.22.3", LIST)), elf(&old_record("go1.22.3", LIST))] {
        let parsed = parse(&bytes);
        assert_eq!(
            (shown(&parsed), parsed.unreadable, &parsed.gaps),
            (EXPECTED.map(str::to_owned).to_vec(), 0, &vec![])
        );
        let main = &parsed.packages[0];
        let needs: Vec<_> = main.needs.iter().map(|need| need.name.as_str()).collect();
        assert_eq!(
            needs,
            [
                "github.com/BurntSushi/toml",
                "gopkg.in/yaml.v3",
                "github.com/new/fork/v2",
                "example.com/local",
                "stdlib"
            ]
        );
        assert_eq!((main.form, parsed.packages[1].form), (Form::Executable, Form::Compiled));
        assert_eq!(parsed.packages[1].source_url.as_deref(), Some("https://github.com/BurntSushi/toml"));
    }
}

#[test]
fn the_standard_library_has_the_version_of_the_toolchain() {
    for (go_version, version, cpe) in [
        ("go1.22.3", "1.22.3", Some("cpe:2.3:a:golang:go:1.22.3:-:*:*:*:*:*:*")),
        ("go1.21.0 X:boringcrypto", "1.21.0", Some("cpe:2.3:a:golang:go:1.21.0:-:*:*:*:*:*:*")),
        ("go1.22rc1", "1.22rc1", Some("cpe:2.3:a:golang:go:1.22:rc1:*:*:*:*:*:*")),
        (
            "devel go1.23-2e1003e2f7 Mon Jan 1 00:00:00 2024 +0000",
            "1.23-2e1003e2f7",
            Some("cpe:2.3:a:golang:go:1.23:-:*:*:*:*:*:*"),
        ),
    ] {
        let parsed = parse(&elf(&record(go_version, "")));
        let [found] = parsed.packages.as_slice() else { panic!("{go_version}: {parsed:?}") };
        assert_eq!((found.name.as_str(), found.version.as_str()), ("stdlib", version));
        assert_eq!(found.cpes.first().map(String::as_str), cpe);
    }
}

#[test]
fn programs_without_a_module_of_their_own_are_named_by_what_is_there() {
    for (list, expected) in [
        (
            "path\tcommand-line-arguments\ndep\texample.com/a\t(devel)\t\ndep\tb.c/d\tv1.0.0\t\n",
            "example.com/a@",
        ),
        (
            "path\tcommand-line-arguments\nmod\tcommand-line-arguments\t(devel)\t\ndep\tx.y/z\tv1.0.0\t\n",
            "command-line-arguments@",
        ),
        ("path\texample.com/a/cmd/b\ndep\tx.y/z\tv1.0.0\t\n", "example.com/a/cmd/b@"),
        (
            "path\ta.b/c\nmod\ta.b/c\t(devel)\t\nbuild\tvcs.revision=0123456789abcdef\nbuild\tvcs.time=2024-05-01T10:20:30Z\n",
            "a.b/c@v0.0.0-20240501102030-0123456789ab",
        ),
        (
            "path\ta.b/c\nmod\ta.b/c\tv1.2.3+dirty\t\nbuild\tvcs.revision=0123456789abcdef\n",
            "a.b/c@v1.2.3+dirty",
        ),
    ] {
        assert_eq!(shown(&parse(&elf(&record("go1.22.3", list))))[0], expected, "{list}");
    }
}

#[test]
fn a_window_finds_the_record_and_no_mention_of_it() {
    let record = record("go1.22.3", LIST);
    let window = |bytes: &[u8], offset: u64, piece| read_window(&Window { path: "a", bytes, offset, piece });
    let bytes = [vec![0; 64], record.clone()].concat();
    assert_eq!(shown(&window(&bytes, 4096, (0, bytes.len()))), EXPECTED);
    // In the next piece, not aligned, and only named by a program that reads records.
    assert!(window(&bytes, 4096, (0, 64)).is_empty());
    assert!(window(&bytes, 4097, (0, bytes.len())).is_empty());
    assert!(window(b"\xff Go buildinf:not a Go executable", 0, (0, 16)).is_empty());
    let old = old_record("go1.17", LIST);
    assert_eq!(window(&old, 0, (0, old.len())).gaps.len(), 1);
    let cut = &record[..record.len() - 1];
    assert_eq!(window(cut, 0, (0, cut.len())).gaps.len(), 1);
}

#[test]
fn a_packed_program_is_a_gap() {
    let mut bytes = elf(&[0; 64]);
    bytes[0xc0..0xc4].copy_from_slice(b"UPX!");
    assert_eq!(parse(&bytes).gaps, ["is packed with UPX, which hides what was compiled into it"]);
}

#[test]
fn truncation_at_every_length_is_a_gap_or_nothing() {
    for whole in [elf(&record("go1.22.3", LIST)), elf(&old_record("go1.22.3", LIST))] {
        for length in 0..whole.len() {
            let parsed = parse(&whole[..length]);
            assert!(parsed.packages.len() <= 1, "{length}: {:?}", shown(&parsed));
            let is_told = length <= DATA + 16 || !parsed.gaps.is_empty() || parsed.packages.len() == 1;
            assert!(is_told, "{length}");
        }
    }
}

#[test]
fn lying_sizes_and_wild_pointers_are_survived() {
    let mut lying = record("go1.22.3", LIST);
    lying[32] = 0xff;
    assert_eq!(parse(&elf(&lying)).gaps.len(), 1);
    for at in (16..48).step_by(8) {
        let mut wild = old_record("go1.17", LIST);
        wild[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(parse(&elf(&wild)).packages.len() <= 1);
    }
    let mut bytes = elf(&record("go1.22.3", LIST));
    for at in 0..DATA {
        let kept = std::mem::replace(&mut bytes[at], 0xff);
        parse(&bytes);
        bytes[at] = kept;
    }
}

#[test]
fn hostile_lists_name_nothing() {
    let control = "dep\ta\u{1b}[2J/b\tv1.0.0\t\ndep\ta b\tv1\t\ndep\ta/b\tv 1\t\ndep\t\tv1\t\n=>\n=>\tx\ndep\t../x\tv1\t\ndep\tx\n";
    let parsed = parse(&elf(&record("go1.22.3", control)));
    assert_eq!(shown(&parsed), ["stdlib@1.22.3"]);
    assert!(parsed.unreadable >= 6, "{}", parsed.unreadable);
    let flood = "dep\ta.b/c\tv1.0.0\n".repeat(30_000);
    let parsed = parse(&elf(&record("go1.22.3", &flood)));
    assert_eq!((shown(&parsed).len(), parsed.unreadable), (2, 1));
    let long = format!("dep\t{}\tv1\t\n", "a/".repeat(200_000));
    assert_eq!(parse(&elf(&record("go1.22.3", &long))).unreadable, 1);
}
