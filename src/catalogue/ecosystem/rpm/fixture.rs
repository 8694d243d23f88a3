//! Databases of either format, built for tests as their formats say.

pub(super) fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap()
}

pub(super) fn short(value: usize) -> u16 {
    u16::try_from(value).unwrap()
}

/// Returns a header as RPM writes one: texts by tag and type, each value with its count.
pub(super) fn header(values: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
    let (mut index, mut store) = (vec![], vec![]);
    for (tag, kind, count, bytes) in values {
        if *kind == 4 {
            store.resize(store.len().next_multiple_of(4), 0);
        }
        index.extend([*tag, *kind, number(store.len()), *count].map(u32::to_be_bytes).concat());
        store.extend_from_slice(bytes);
    }
    let preamble = [number(values.len()), number(store.len())].map(u32::to_be_bytes).concat();
    [preamble, index, store].concat()
}

/// `name-1.0-1.x86_64`.
pub(super) fn plain(name: &str) -> Vec<u8> {
    let name = [name.as_bytes(), b"\0"].concat();
    header(&[(1000, 6, 1, &name), (1001, 6, 1, b"1.0\0"), (1002, 6, 1, b"1\0"), (1022, 6, 1, b"x86_64\0")])
}

pub(super) fn sqlite(schema: &str, headers: &[Vec<u8>]) -> Vec<u8> {
    let mut connection = rusqlite::Connection::open_in_memory().unwrap();
    connection.execute_batch(schema).unwrap();
    for header in headers {
        connection.execute("INSERT INTO Packages (blob) VALUES (?1)", [header]).unwrap();
    }
    connection.serialize(rusqlite::MAIN_DB).unwrap().to_vec()
}

/// Returns the number of the first page of `Packages`.
pub(super) fn sqlite_root(bytes: &[u8]) -> usize {
    let mut connection = rusqlite::Connection::open_in_memory().unwrap();
    connection.deserialize_read_exact(rusqlite::MAIN_DB, bytes, bytes.len(), true).unwrap();
    let question = "SELECT rootpage FROM sqlite_schema WHERE name = 'Packages'";
    let page: u32 = connection.query_row(question, [], |row| row.get(0)).unwrap();
    usize::try_from(page).unwrap()
}

pub(super) const SCHEMA: &str =
    "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);";

/// Lays blobs out behind one page of slots.
pub(super) fn ndb(headers: &[Vec<u8>]) -> Vec<u8> {
    let mut file = [&b"RpmP"[..], &[0; 8], &1_u32.to_le_bytes(), &[0; 16]].concat();
    let mut blobs = vec![];
    for (index, header) in headers.iter().enumerate() {
        let (package, first) = (number(index + 1), number((4096 + blobs.len()) / 16));
        let length = number(header.len());
        let mut framed =
            [&b"BlbS"[..], &package.to_le_bytes(), &[0; 4], &length.to_le_bytes(), header].concat();
        framed.resize((framed.len() + 12).next_multiple_of(16) - 12, 0);
        // The sum by its definition.
        let low = |bytes: &[u8]| bytes.iter().fold(1_u64, |sum, b| sum + u64::from(*b)) % 65_521;
        let high = (1..=framed.len()).fold(0, |sum, end| sum + low(&framed[..end])) % 65_521;
        framed.extend(u32::try_from(high << 16 | low(&framed)).unwrap().to_le_bytes());
        framed.extend([&length.to_le_bytes()[..], b"BlbE"].concat());
        let blocks = number(framed.len()) / 16;
        file.extend([&b"Slot"[..], &[package, first, blocks].map(u32::to_le_bytes).concat()].concat());
        blobs.extend(framed);
    }
    while file.len() < 4096 {
        file.extend([&b"Slot"[..], &[0; 12]].concat());
    }
    [file, blobs].concat()
}

pub(super) const PAGE: usize = 512;

fn page(kind: u8, next: u32, short: u16) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    page[16..20].copy_from_slice(&next.to_le_bytes());
    page[22..24].copy_from_slice(&short.to_le_bytes());
    page[25] = kind;
    page
}

/// A hash with one page of buckets: the number in use, the first header in the page, the others on pages of their own.
pub(super) fn bdb(headers: &[Vec<u8>]) -> Vec<u8> {
    let mut items = vec![vec![1, 0, 0, 0, 0], vec![1, 9, 0, 0, 0]];
    let mut further: Vec<Vec<u8>> = vec![];
    for (index, header) in headers.iter().enumerate() {
        items.push([&[1][..], &number(index + 1).to_le_bytes()].concat());
        if index == 0 {
            items.push([&[1][..], header].concat());
            continue;
        }
        let place = [number(further.len()) + 2, number(header.len())].map(u32::to_le_bytes).concat();
        items.push([&[3, 0, 0, 0][..], &place].concat());
        let pieces = header.chunks(40).count();
        for (piece, held) in header.chunks(40).enumerate() {
            let next = if piece + 1 < pieces { number(further.len()) + 3 } else { 0 };
            let mut overflow = page(7, next, short(held.len()));
            overflow[26..26 + held.len()].copy_from_slice(held);
            further.push(overflow);
        }
    }
    let mut buckets = page(13, 0, 0);
    buckets[20..22].copy_from_slice(&short(items.len()).to_le_bytes());
    let mut end = PAGE;
    for (index, item) in items.iter().enumerate() {
        end -= item.len();
        buckets[end..end + item.len()].copy_from_slice(item);
        buckets[26 + 2 * index..28 + 2 * index].copy_from_slice(&short(end).to_le_bytes());
    }
    let mut meta = page(8, 0, 0);
    meta[12..16].copy_from_slice(&0x0006_1561_u32.to_le_bytes());
    meta[20..24].copy_from_slice(&number(PAGE).to_le_bytes());
    meta[32..36].copy_from_slice(&number(further.len() + 1).to_le_bytes());
    [vec![meta, buckets], further].concat().concat()
}

/// A database of either kind with three packages.
pub(super) fn databases() -> [(&'static str, Vec<u8>); 3] {
    let headers = [plain("a"), plain("b"), plain("c")];
    [
        ("var/lib/rpm/rpmdb.sqlite", sqlite(SCHEMA, &headers)),
        ("var/lib/rpm/Packages.db", ndb(&headers)),
        ("var/lib/rpm/Packages", bdb(&headers)),
    ]
}
