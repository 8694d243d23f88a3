//! Trivy's database, schema 2: a bbolt file `trivy.db`, published as an OCI artifact at
//! <https://github.com/aquasecurity/trivy-db>, whose `pkg/db` and `pkg/types` are its specification.
//!
//! A bucket for each release of a distribution and each source about a language holds a bucket for each package, and that an
//! advisory in JSON for each vulnerability. The bucket `vulnerability` holds what is known of each vulnerability. Red Hat's
//! advisories name products by numbers of repositories, and are counted and left out.

mod bolt;
#[cfg(test)]
mod bolt_fixture;
mod bucket;
mod bytes;
mod detail;
mod entry;

use serde::Deserialize;

use self::{
    bolt::{Bolt, Bucket, Value},
    bucket::{Holds, holds},
    entry::Found,
};
use super::{
    Format, Shape,
    gathered::{About, Gathered},
};
use crate::advisory::record::{Content, at_most, identifier, shown};

/// Largest database in bytes: all that a source may hold in one file. The published one has about 1 GB.
const FILE_BYTES_MAX: u64 = 2 << 30;
/// Most buckets at the top; the published database has about 200.
const BUCKETS_MAX: usize = 10_000;
/// Most advisories, each of which takes some 300 bytes of memory when read; the published database has some five million.
const ADVISORIES_MAX: u64 = 20_000_000;

pub(super) struct TrivyDb;

impl Format for TrivyDb {
    fn name(&self) -> &'static str {
        "trivy-db"
    }

    fn bytes_max(&self) -> u64 {
        FILE_BYTES_MAX
    }

    fn claims(&self, shape: &Shape<'_>) -> bool {
        matches!(shape, Shape::Binary { head } if bolt::is_bolt(head))
    }

    fn read(&self, bytes: &[u8]) -> Result<Content, String> {
        let bolt = Bolt::open(bytes)?;
        let mut reading = Reading::default();
        let mut tops = vec![];
        bolt.each(bolt.root(), &mut |key, value| {
            at_most(tops.len() + 1, BUCKETS_MAX, "buckets")?;
            tops.push((key, value));
            Ok(())
        })?;
        for (key, value) in tops {
            reading.top(&bolt, key, value);
        }
        Ok(reading.end())
    }
}

#[derive(Default)]
struct Reading {
    content: Content,
    gathered: Gathered,
}

impl Reading {
    /// Reads a bucket at the top. What is damaged in it is named, and what was read before stays.
    fn top<'f>(&mut self, bolt: &Bolt<'f>, key: &'f [u8], value: Value<'f>) {
        let name = String::from_utf8_lossy(key);
        let Value::Bucket(bucket) = value else {
            return self.broken(&[&name], "not a bucket".to_owned());
        };
        let read = match holds(&name) {
            Holds::Nothing => Ok(()),
            Holds::Details => self.details(bolt, bucket),
            Holds::Advisories(ecosystem) => self.packages(bolt, &name, bucket, Some(&ecosystem)),
            Holds::Other => self.packages(bolt, &name, bucket, None),
        };
        if let Err(why) = read {
            self.broken(&[&name], why);
        }
    }

    fn broken(&mut self, name: &[&str], why: String) {
        let name: Vec<String> = name.iter().map(|part| shown(part)).collect();
        self.content.broken.push((name.join(" "), why));
    }

    /// Reads the packages of a bucket; without an ecosystem their advisories are only counted.
    fn packages<'f>(
        &mut self,
        bolt: &Bolt<'f>,
        top: &str,
        bucket: Bucket<'f>,
        ecosystem: Option<&str>,
    ) -> Result<(), String> {
        bolt.each(bucket, &mut |key, value| {
            let package = String::from_utf8_lossy(key);
            let Value::Bucket(bucket) = value else {
                self.broken(&[top, &package], "not a bucket".to_owned());
                return Ok(());
            };
            bolt.each(bucket, &mut |key, value| {
                at_most_advisories(self.content.read)?;
                self.content.read += 1;
                self.advisory(top, ecosystem, &package, key, value);
                Ok(())
            })
        })
    }

    fn advisory(&mut self, top: &str, ecosystem: Option<&str>, package: &str, key: &[u8], value: Value<'_>) {
        let Some(ecosystem) = ecosystem else { return self.leave_out(&shown(top)) };
        let id = String::from_utf8_lossy(key);
        let found = match value {
            Value::Bytes(json) => identifier(&id).and_then(|()| entry::read(ecosystem, package, json)),
            Value::Bucket(_) => Err("a bucket".to_owned()),
        };
        match found {
            Ok(Found::Entry(entry)) => {
                let about = About { name: id.into_owned(), ids: entry.ids, ..About::default() };
                self.gathered.add(&about, entry.affected);
            }
            Ok(Found::LeftOut(what)) => self.leave_out(what),
            Err(why) => self.broken(&[top, package, &id], why),
        }
    }

    fn leave_out(&mut self, what: &str) {
        *self.content.left_out.entry(what.to_owned()).or_default() += 1;
    }

    fn details<'f>(&mut self, bolt: &Bolt<'f>, bucket: Bucket<'f>) -> Result<(), String> {
        bolt.each(bucket, &mut |key, value| {
            at_most_advisories(self.content.notes.len() as u64)?;
            let id = String::from_utf8_lossy(key);
            let found = match value {
                Value::Bytes(json) => identifier(&id).and_then(|()| detail::read(json)),
                Value::Bucket(_) => Err("a bucket".to_owned()),
            };
            match found {
                Ok(Some(note)) => self.content.notes.entry(id.into_owned()).or_default().add(note),
                Ok(None) => {}
                Err(why) => self.broken(&["vulnerability", &id], why),
            }
            Ok(())
        })
    }

    fn end(mut self) -> Content {
        self.gathered.end(&mut self.content);
        self.content
    }
}

fn at_most_advisories(read: u64) -> Result<(), String> {
    if read >= ADVISORIES_MAX { Err(format!("more than {ADVISORIES_MAX} advisories")) } else { Ok(()) }
}

/// Reads a JSON object. To serde a list is an object without names, whose members it takes in their order.
fn object<'j, T: Deserialize<'j>>(json: &'j [u8], what: &str) -> Result<T, String> {
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(format!("no {what}: no object"));
    }
    serde_json::from_slice(json).map_err(|error| format!("no {what}: {:?} error", error.classify()))
}

/// Returns a small database, for fuzzing.
#[cfg(test)]
pub(super) fn seed() -> Vec<u8> {
    let packages: &[(&str, &[(&str, &str)])] =
        &[("bash", &[("CVE-2024-0001", "{\"FixedVersion\":\"5-1\"}")])];
    bolt_fixture::file(&[bolt_fixture::advisories("debian 12", packages)])
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
