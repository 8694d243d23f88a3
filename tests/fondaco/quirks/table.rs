//! Which test plays which quirk, and which quirks nobody can play here and why.

use std::{collections::BTreeSet, fs, path::Path};

use fondaco::registry::quirks;

/// `<registry> <quirk>`, and the file and the name of the test that plays it.
const PLAYED: &[(&str, &str, &str)] = &[
    ("dockerHub pulls", "docker_hub", "a_tag_is_resolved_without_a_pull"),
    ("dockerHub abuse-limit", "docker_hub", "a_limit_on_every_request_is_waited_for"),
    ("dockerHub mount-scope", "docker_hub", "a_mount_asks_for_both_repositories_at_once"),
    ("dockerHub no-referrers", "docker_hub", "referrers_stand_under_the_fallback_tag"),
    ("ecr create-repository", "amazon", "a_missing_repository_is_created_where_that_is_allowed"),
    (
        "ecr immutable-tags",
        "amazon",
        "an_immutable_tag_with_the_same_digest_is_success_and_with_another_an_error",
    ),
    ("ecr chunks", "amazon", "chunks_are_refused_and_a_registry_that_drops_them_is_found_out"),
    ("ecr no-location", "amazon", "a_manifest_needs_no_location"),
    ("ecr mount-after-manifest", "amazon", "a_mount_before_the_manifest_leaves_nothing_behind"),
    ("ecr referrers-refused", "amazon", "a_referrer_that_is_refused_stands_under_the_fallback_tag"),
    ("ghcr no-referrers", "github", "nothing_is_left_out_of_a_fallback_index_by_its_type"),
    ("ghcr chunks", "github", "a_blob_that_was_not_kept_whole_is_found_out"),
    ("ghcr token-post", "github", "an_identity_token_is_used_where_post_is_not_allowed"),
    ("gar chunks", "google", "blobs_are_uploaded_in_one_piece"),
    ("gar create-repository", "google", "a_repository_that_is_not_there_is_named"),
    ("acr redirect", "azure", "authorization_does_not_go_to_storage"),
    ("acr identity-token", "azure", "an_identity_token_is_exchanged"),
    ("acr body-limit", "azure", "a_request_that_is_too_large_names_the_key_that_helps"),
    ("quay strict-schema", "quay", "an_artifact_outside_of_dockers_schema_is_refused_with_its_types"),
    ("quay mount-without-from", "quay", "a_mount_names_the_repository_it_is_from"),
    ("harbor mount-unauthorized", "harbor", "a_mount_from_a_project_that_is_not_there_is_an_upload"),
    ("harbor blob-head", "harbor", "a_blob_that_head_does_not_find_is_asked_for_before_it_is_absent"),
    ("harbor missing-manifest", "harbor", "the_status_and_not_the_code_says_that_a_manifest_is_missing"),
    ("harbor sparse-index", "harbor", "all_manifests_of_an_index_have_to_be_there"),
    ("gitlab mount-scope", "gitlab", "a_scope_that_may_not_be_read_does_not_keep_an_upload_away"),
    ("gitlab media-types", "gitlab", "a_type_that_is_not_taken_is_named"),
    ("artifactory mount-refused", "artifactory", "a_shared_blob_is_found_where_mounts_are_refused"),
    ("artifactory forbidden-tag", "artifactory", "forbidden_is_not_absent"),
    ("zot shared-blobs", "zot", "a_blob_that_shows_everywhere_is_copied_all_the_same"),
    ("zot chunks", "zot", "a_wrong_range_ends_an_upload_in_chunks"),
    ("nexus sparse-index", "others", "nexus_needs_all_manifests_of_an_index"),
    ("aliyun chunks", "zot", "a_wrong_range_ends_an_upload_in_chunks"),
    ("scaleway namespace", "others", "a_namespace_that_is_not_there_is_named"),
    ("ovhcloud mount-unauthorized", "harbor", "a_mount_from_a_project_that_is_not_there_is_an_upload"),
    ("ovhcloud blob-head", "harbor", "a_blob_that_head_does_not_find_is_asked_for_before_it_is_absent"),
    ("ovhcloud missing-manifest", "harbor", "the_status_and_not_the_code_says_that_a_manifest_is_missing"),
    ("ovhcloud sparse-index", "harbor", "all_manifests_of_an_index_have_to_be_there"),
    ("distribution no-referrers", "distribution", "referrers_stand_under_the_fallback_tag"),
    (
        "distribution sparse-index",
        "distribution",
        "all_manifests_of_an_index_have_to_be_there_unless_it_is_told_otherwise",
    ),
    ("distribution2 no-referrers", "distribution", "referrers_stand_under_the_fallback_tag"),
    (
        "distribution2 sparse-index",
        "distribution",
        "all_manifests_of_an_index_have_to_be_there_unless_it_is_told_otherwise",
    ),
    (
        "distribution2 docker-subject",
        "distribution",
        "an_artifact_of_a_docker_subject_is_reported_and_nothing_is_listed",
    ),
];

const RATE: &str = "a rate over seconds to hours: it is a number in the table, and that numbers are kept is the budget's to show";
const ROBOTS: &str = "two accounts of one host: the choice among credentials is shown where they are read; the catalog is never asked for (`whole`)";

/// `<registry> <quirk>`, and why it is not played.
const NOT_PLAYED: &[(&str, &str)] = &[
    ("dockerHub pull-limit", RATE),
    ("ecr forbidden-is-expired", "the renewal of tokens is shown where tokens are"),
    ("ecr rates", RATE),
    ("ecrPublic rates", RATE),
    ("ghcr rate", RATE),
    ("gar rates", RATE),
    ("harbor robot-accounts", ROBOTS),
    ("ovhcloud robot-accounts", ROBOTS),
];

#[test]
fn every_quirk_is_played_by_a_test_or_says_why_not() {
    let known = quirks::ALL
        .iter()
        .flat_map(|known| known.quirks.iter().map(move |quirk| format!("{} {}", known.name, quirk.name)));
    let known: BTreeSet<String> = known.collect();
    let played: BTreeSet<String> = PLAYED.iter().map(|(quirk, ..)| (*quirk).to_owned()).collect();
    let left: BTreeSet<String> = NOT_PLAYED.iter().map(|(quirk, _)| (*quirk).to_owned()).collect();
    assert_eq!(played.len() + left.len(), PLAYED.len() + NOT_PLAYED.len(), "named twice");
    assert!(played.is_disjoint(&left));
    assert_eq!(played.union(&left).cloned().collect::<BTreeSet<_>>(), known);
    assert!(NOT_PLAYED.iter().all(|(_, reason)| !reason.is_empty()));
}

#[test]
fn the_tests_that_are_named_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fondaco/quirks");
    for (quirk, file, test) in PLAYED {
        let text = fs::read_to_string(folder.join(format!("{file}.rs"))).unwrap();
        assert!(text.contains(&format!("#[tokio::test]\nasync fn {test}()")), "{quirk}: {file}::{test}");
    }
}

#[test]
fn every_file_of_the_table_has_a_registry_in_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/registry/quirks");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let named: BTreeSet<String> =
        files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let snake = |name: &str| -> String {
        let split = |c: char| if c.is_uppercase() { format!("_{}", c.to_lowercase()) } else { c.to_string() };
        name.chars().map(split).collect()
    };
    let known = quirks::ALL.iter().map(|known| snake(known.name.trim_end_matches('2')));
    let expected: BTreeSet<String> = known.chain(["mod".to_owned(), "tests".to_owned()]).collect();
    assert_eq!(named, expected);
}
