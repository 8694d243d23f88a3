//! Every cataloguer, by the table: a new one is fuzzed as soon as it stands there, and well as soon as a folder of seeds has
//! its name.

use std::panic::RefUnwindSafe;

use super::recipe::Recipe;
use super::run::{Answer, Target, run};
use super::{judge, seeds};
use crate::catalogue::Parsed;
use crate::catalogue::ecosystem::{ALL, Cataloguer};
use crate::catalogue::found::{File, Window};
use crate::catalogue::path::normalise;

#[test]
fn cataloguers() {
    if cfg!(fuzzing) {
        bolero::check!().with_type::<Recipe>().cloned().for_each(|recipe: Recipe| {
            let cataloguer = &ALL[usize::from(recipe.seed >> 8) % ALL.len()];
            let read = |input: &[u8], is_thorough| read(cataloguer, input, is_thorough);
            target(cataloguer, &read).once(&recipe);
        });
        return;
    }
    for cataloguer in ALL {
        run(&target(cataloguer, &|input, is_thorough| read(cataloguer, input, is_thorough)));
    }
}

/// Returns the target of one cataloguer. An input is a path, a line feed, and the content of that file. Where there are no
/// seeds of its name, those of all others stand in.
fn target<'a>(
    cataloguer: &Cataloguer,
    read: &'a (dyn Fn(&[u8], bool) -> Answer + RefUnwindSafe),
) -> Target<'a> {
    let of = |folder: &str| {
        let framed = |(path, bytes): (String, Vec<u8>)| [path.as_bytes(), b"\n", &bytes].concat();
        seeds::files(folder).into_iter().map(framed).collect::<Vec<_>>()
    };
    let own = of(&format!("cataloguers/{}", cataloguer.name));
    let seeds = if own.is_empty() {
        ALL.iter().flat_map(|one| of(&format!("cataloguers/{}", one.name))).collect()
    } else {
        own
    };
    Target { name: format!("cataloguer {}", cataloguer.name), seeds, mend: mend(cataloguer), read }
}

fn mend(cataloguer: &Cataloguer) -> fn(&mut [u8]) {
    match cataloguer.name {
        "java" => super::archives::mend,
        _ => |_| {},
    }
}

fn read(cataloguer: &Cataloguer, input: &[u8], is_thorough: bool) -> Answer {
    let at = input.iter().position(|b| *b == b'\n').unwrap_or(input.len());
    let bytes = input.get(at + 1..).unwrap_or_default();
    // What no layer can hold is not asked for.
    let path = normalise(&input[..at]).ok().flatten().filter(|path| !path.is_empty());
    let path = path.unwrap_or_else(|| "usr/bin/a".to_owned());
    let parsed = (cataloguer.parse)(&File { path: &path, bytes });
    judge::parsed(&parsed, input.len());
    while_it_passes(cataloguer, &path, bytes);
    let contents = judge::merged(&path, cataloguer.name, parsed.clone(), is_thorough);
    judge::answer(&parsed, &contents)
}

/// Reads the same file as if it were too large to be held.
fn while_it_passes(cataloguer: &Cataloguer, path: &str, bytes: &[u8]) {
    let check = |parsed: &Parsed| judge::parsed(parsed, path.len() + bytes.len());
    if let Some(read) = cataloguer.of_windows() {
        let middle = bytes.len() / 2;
        for piece in [(0, middle), (middle, bytes.len())] {
            check(&read(&Window { path, bytes, offset: 0, piece }));
        }
    }
    if let Some(read) = cataloguer.of_large_paths() {
        check(&read(path, bytes.len() as u64, &mut &*bytes));
    }
}
