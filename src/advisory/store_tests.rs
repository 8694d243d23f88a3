use super::*;
use crate::{
    advisory::{artifact, fixtures::record, import},
    model::Kind,
};

fn compiled() -> Compiled {
    let folder = tempfile::tempdir().unwrap();
    let values =
        [record("DSA-1-1", "Debian:12", "a", Some("2")), record("GHSA-a", "npm", "b", Some("2.0.0"))];
    for (n, value) in values.iter().enumerate() {
        fs::write(folder.path().join(format!("{n}.json")), value.to_string()).unwrap();
    }
    import(folder.path()).unwrap().bundle
}

fn wanted() -> Wanted {
    [("Debian:12".to_owned(), ["a".to_owned()].into())].into()
}

#[test]
fn what_was_put_is_read_by_its_digest_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("deeper/advisories"));
    let compiled = compiled();
    let absent = store.read(&compiled.digest().unwrap(), &wanted()).unwrap_err();
    assert_eq!(absent.kind(), Kind::NotFound);
    let digest = store.put(&compiled).unwrap();
    assert_eq!(digest, compiled.digest().unwrap());
    assert_eq!(store.put(&compiled).unwrap(), digest, "putting twice is harmless");
    assert_eq!(store.read(&digest, &wanted()).unwrap(), compiled.bundle(&wanted()).unwrap());
    let files = |sub: &str| fs::read_dir(folder.path().join(sub)).unwrap().count();
    assert_eq!(files("deeper/advisories"), 2, "the index and the folder of shards, no temporary file");
    assert_eq!(files("deeper/advisories/shards"), 2);
}

#[test]
fn a_file_changed_in_the_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let compiled = compiled();
    let digest = store.put(&compiled).unwrap();
    let shard = store.shard_path(&compiled.index.shard("Debian:12").unwrap().digest);
    let honest = fs::read(&shard).unwrap();
    let mut changed = honest.clone();
    *changed.last_mut().unwrap() = b' ';
    fs::write(&shard, &changed).unwrap();
    assert_eq!(store.read(&digest, &wanted()).unwrap_err().kind(), Kind::Mismatch);
    fs::write(&shard, &honest[..honest.len() - 1]).unwrap();
    assert!(!artifact::is_whole(&store, &compiled.index), "a shard that is shorter is none");
    fs::write(store.path(&digest), b"{}").unwrap();
    assert_eq!(store.read(&digest, &wanted()).unwrap_err().kind(), Kind::Mismatch);
}

#[test]
fn an_artifact_fills_another_store_and_no_other_bytes_do() {
    let (near, far) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (near, far) = (Store::new(near.path()), Store::new(far.path()));
    let digest = near.put(&compiled()).unwrap();
    let packed = artifact::pack(&near, &digest).unwrap();
    assert_eq!(packed, artifact::pack(&near, &digest).unwrap(), "the same bytes each time");

    let mut swapped = packed.clone();
    let bytes: Vec<_> = swapped.blobs.iter().map(|(_, bytes)| bytes.clone()).collect();
    (swapped.blobs[1].1, swapped.blobs[2].1) = (bytes[2].clone(), bytes[1].clone());
    assert!(artifact::keep(&far, &digest, &swapped).is_err());
    let mut zeros = packed.clone();
    zeros.blobs[1].1 = zstd::bulk::compress(&vec![0; 1 << 24], 1).unwrap().into();
    assert!(artifact::keep(&far, &digest, &zeros).is_err(), "more than the index says");
    let mut lacking = packed.clone();
    lacking.blobs.pop();
    assert!(artifact::keep(&far, &digest, &lacking).is_err());
    let other = Digest::sha256(b"another");
    assert_eq!(artifact::keep(&far, &other, &packed).unwrap_err().kind(), Kind::Mismatch);

    artifact::keep(&far, &digest, &packed).unwrap();
    assert_eq!(far.read(&digest, &wanted()).unwrap(), near.read(&digest, &wanted()).unwrap());
}
