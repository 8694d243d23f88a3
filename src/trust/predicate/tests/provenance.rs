//! Provenance of both versions, in the shapes that builders write.

use super::*;

const COMMIT: &str = "4b220de5058abfd01ff619c9d2ff6b09a049bea0";

/// As slsa-github-generator's container workflow writes it.
fn generator() -> Value {
    json!({
        "builder": {"id": "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v2.0.0"},
        "buildType": "https://github.com/slsa-framework/slsa-github-generator/container@v1",
        "invocation": {
            "configSource": {
                "uri": "git+https://github.com/acme/web@refs/tags/v1.0.0",
                "digest": {"sha1": COMMIT},
                "entryPoint": ".github/workflows/release.yml"
            },
            "parameters": {},
            "environment": {"github_actor": "octocat", "GITHUB_ACTOR": "octocat"}
        },
        "metadata": {"completeness": {"parameters": true}},
        "materials": [{"uri": "git+https://github.com/acme/web@refs/tags/v1.0.0", "digest": {"sha1": COMMIT}}]
    })
}

/// As GitHub's artifact attestations write it.
pub(super) fn github(repository: &str) -> Value {
    json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {"ref": "refs/heads/main", "repository": repository, "path": ".github/workflows/build.yml"}
            },
            "internalParameters": {
                "github": {"event_name": "push", "repository_id": "1", "repository_owner_id": "2", "runner_environment": "github-hosted"}
            },
            "resolvedDependencies": [
                {"uri": "git+https://github.com/acme/web@refs/heads/main", "digest": {"gitCommit": COMMIT}}
            ]
        },
        "runDetails": {
            "builder": {"id": "https://github.com/acme/web/.github/workflows/build.yml@refs/heads/main"},
            "metadata": {"invocationId": "https://github.com/acme/web/actions/runs/1/attempts/1"}
        }
    })
}

/// As BuildKit writes it with `mode=min`, from a remote context.
pub(super) fn buildkit_v02() -> Value {
    json!({
        "builder": {"id": ""},
        "buildType": "https://mobyproject.org/buildkit@v1",
        "materials": [
            {"uri": "pkg:docker/alpine@3.17?platform=linux%2Famd64", "digest": {"sha256": "8914eb54f968791faf6a8638949e480fef81e697984fba772b3976835194c6d4"}},
            {"uri": "https://github.com/moby/buildkit.git#refs/tags/v0.11.0", "digest": {"sha1": COMMIT}}
        ],
        "invocation": {
            "configSource": {"uri": "https://github.com/moby/buildkit.git#refs/tags/v0.11.0", "digest": {"sha1": COMMIT}, "entryPoint": "Dockerfile"},
            "parameters": {"frontend": "dockerfile.v0", "args": {"target": "release"}},
            "environment": {"platform": "linux/amd64"}
        }
    })
}

fn buildkit_v1() -> Value {
    json!({
        "buildDefinition": {
            "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
            "externalParameters": {
                "configSource": {"uri": "https://github.com/moby/buildkit.git#refs/tags/v0.11.0:cmd", "digest": {"sha1": COMMIT}, "path": "Dockerfile"},
                "request": {"frontend": "dockerfile.v0"}
            },
            "internalParameters": {"builderPlatform": "linux/amd64"},
            "resolvedDependencies": []
        },
        "runDetails": {"builder": {"id": "https://github.com/docker/buildx/actions/runs/3709599520"}, "metadata": {"invocationID": "rpv7a389uzil5lqmrgwhijwjz"}}
    })
}

#[test]
fn builder_source_and_commit_are_read_in_every_shape() {
    let moby = "source=https://github.com/moby/buildkit.git";
    let commit = format!("source commit={COMMIT}");
    let cases: [(&str, Value, &[&str]); 4] = [
        (
            "https://slsa.dev/provenance/v0.2",
            generator(),
            &[
                "builder=https://github.com/slsa-framework/slsa-github-generator/.github/workflows/generator_container_slsa3.yml@refs/tags/v2.0.0",
                "build type=https://github.com/slsa-framework/slsa-github-generator/container@v1",
                "source=https://github.com/acme/web",
                "source ref=refs/tags/v1.0.0",
                &commit,
            ],
        ),
        (
            "https://slsa.dev/provenance/v1",
            github("https://github.com/acme/web"),
            &[
                "builder=https://github.com/acme/web/.github/workflows/build.yml@refs/heads/main",
                "build type=https://actions.github.io/buildtypes/workflow/v1",
                "source=https://github.com/acme/web",
                "source ref=refs/heads/main",
                &commit,
            ],
        ),
        (
            "https://slsa.dev/provenance/v0.2",
            buildkit_v02(),
            &[
                "build type=https://mobyproject.org/buildkit@v1",
                moby,
                "source ref=refs/tags/v0.11.0",
                &commit,
            ],
        ),
        (
            "https://slsa.dev/provenance/v1",
            buildkit_v1(),
            &[
                "builder=https://github.com/docker/buildx/actions/runs/3709599520",
                "build type=https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
                moby,
                "source ref=refs/tags/v0.11.0",
                &commit,
            ],
        ),
    ];
    for (predicate_type, predicate, expected) in cases {
        assert_eq!(sayings(&said(&statement(predicate_type, &predicate))), expected);
    }
}

#[test]
fn materials_are_kept_up_to_a_limit() {
    let material = json!({"uri": "pkg:docker/alpine@3.17", "digest": {"sha256": "aa"}});
    let mut predicate = generator();
    predicate["materials"] = json!(vec![material; MATERIALS_MAX + 3]);
    let Content::Provenance(found) = said(&statement("https://slsa.dev/provenance/v0.2", &predicate)).content
    else {
        panic!("provenance is read")
    };
    assert_eq!((found.materials.len(), found.left_out), (MATERIALS_MAX, 3));
    assert_eq!(found.materials[0].digests, ["sha256:aa"]);
}

/// In build types that are not known anybody who starts a build may fill the parameters.
#[test]
fn the_parameters_of_an_unknown_build_type_say_no_source() {
    let mut predicate = github("https://github.com/acme/web");
    predicate["buildDefinition"]["buildType"] = json!("https://example.com/anything@v1");
    let found = said(&statement("https://slsa.dev/provenance/v1", &predicate));
    assert_eq!(
        found.says.keys().copied().collect::<Vec<_>>(),
        [StatementKind::Builder, StatementKind::BuildType]
    );
}

#[test]
fn a_commit_is_that_of_the_same_repository_and_ref() {
    let other = "1111111111111111111111111111111111111111";
    let cases = [
        ("git+https://github.com/acme/web@refs/heads/other", None),
        ("git+https://github.com/acme/other@refs/heads/main", None),
        ("git+https://github.com/acme/web@refs/heads/main", Some(other)),
    ];
    for (uri, expected) in cases {
        let mut predicate = github("https://github.com/acme/web");
        predicate["buildDefinition"]["resolvedDependencies"] =
            json!([{"uri": uri, "digest": {"sha1": other}}]);
        let found = said(&statement("https://slsa.dev/provenance/v1", &predicate));
        assert_eq!(found.says.get(&StatementKind::SourceCommit).map(String::as_str), expected, "{uri}");
    }
}

#[test]
fn sources_that_disagree_about_their_commit_are_unreadable() {
    let two = json!({"sha1": COMMIT, "gitCommit": "1111111111111111111111111111111111111111"});
    let mut in_digest = generator();
    in_digest["invocation"]["configSource"]["digest"] = two;
    let mut in_uri = generator();
    in_uri["invocation"]["configSource"]["uri"] =
        json!("git+https://github.com/acme/web@1111111111111111111111111111111111111111");
    for predicate in [in_digest, in_uri] {
        let found = said(&statement("https://slsa.dev/provenance/v0.2", &predicate));
        assert_eq!(found.content, Content::Unreadable("the source has two different commits".into()));
        assert!(found.says.is_empty());
    }
}

/// Repository, ref and commit.
type Parts<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

#[test]
fn uris_are_taken_apart() {
    let cases: [(&str, Option<Parts<'_>>); 17] = [
        (
            "git+https://github.com/acme/web@refs/heads/main",
            Some(("https://github.com/acme/web", Some("refs/heads/main"), None)),
        ),
        ("git+https://github.com/acme/web", Some(("https://github.com/acme/web", None, None))),
        (
            "git+https://github.com/acme/web.git@v1.0",
            Some(("https://github.com/acme/web.git", Some("v1.0"), None)),
        ),
        (
            "https://github.com/acme/web.git#4b220de5058abfd01ff619c9d2ff6b09a049bea0",
            Some(("https://github.com/acme/web.git", None, Some(COMMIT))),
        ),
        (
            "https://github.com/acme/web.git#main:folder",
            Some(("https://github.com/acme/web.git", Some("main"), None)),
        ),
        ("https://github.com/acme/web.git#:folder", Some(("https://github.com/acme/web.git", None, None))),
        ("ssh://git@github.com/acme/web", Some(("ssh://git@github.com/acme/web", None, None))),
        // What only looks like the repository stays whole, or has no parts at all.
        (
            "git+https://github.com/acme/web.git.evil.example",
            Some(("https://github.com/acme/web.git.evil.example", None, None)),
        ),
        ("https://github.com/acme/web/", Some(("https://github.com/acme/web/", None, None))),
        ("https://GitHub.com/acme/web", Some(("https://GitHub.com/acme/web", None, None))),
        ("https://github.com@evil.example/acme/web", None),
        ("https://github.com/acme/web@evil.example/acme/web", None),
        ("https://github.com/acme/web@refs/heads/a@refs/heads/b", None),
        ("https://github.com/acme/web@refs/heads/a#refs/heads/b", None),
        ("https://github.com/acme/web?x=@refs/heads/main", None),
        ("pkg:docker/alpine@3.17", None),
        ("git@github.com:acme/web.git", None),
    ];
    for (uri, expected) in cases {
        let found = source::take_apart(uri);
        let found =
            found.as_ref().map(|s| (s.repository.as_str(), s.reference.as_deref(), s.commit.as_deref()));
        assert_eq!(found, expected, "{uri}");
    }
}

#[test]
fn a_provenance_meets_what_is_wanted_or_says_what_is_not() {
    let found = said(&statement("https://slsa.dev/provenance/v1", &github("https://github.com/acme/web")));
    let source = (StatementKind::Source, "https://github.com/acme/web");
    assert_eq!(meets(&wanted("slsaProvenance", &[source]), &found), Ok(()));
    assert_eq!(meets(&wanted("https://slsa.dev/provenance/v1", &[source]), &found), Ok(()));
    let cases = [
        (
            wanted("https://slsa.dev/provenance/v0.2", &[]),
            "it is a `https://slsa.dev/provenance/v1`, not a `https://slsa.dev/provenance/v0.2`",
        ),
        (
            wanted("slsaProvenance", &[(StatementKind::Source, "https://github.com/acme/other")]),
            "its source is `https://github.com/acme/web`, wanted is `https://github.com/acme/other`",
        ),
        (wanted("slsaProvenance", &[(StatementKind::Verifier, "https://v.example")]), "it says no verifier"),
        (
            DesiredAttestation {
                levels: ["SLSA_BUILD_LEVEL_3".into()].into(),
                ..wanted("slsaProvenance", &[])
            },
            "it does not verify level `SLSA_BUILD_LEVEL_3`",
        ),
    ];
    for (wanted, expected) in cases {
        assert_eq!(meets(&wanted, &found), Err(expected.to_owned()));
    }
}

#[test]
fn short_names_mean_the_types_of_the_specifications() {
    assert_eq!(
        names("slsaProvenance").into_iter().collect::<Vec<_>>(),
        ["https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1"]
    );
    assert!(names("spdx").contains("https://spdx.dev/Document/v2.3"));
    assert!(names("cyclonedx").contains("https://cyclonedx.org/bom"));
    assert!(names("openvex").contains("https://openvex.dev/ns/v0.2.0"));
    assert!(names("vulnerability").contains("https://cosign.sigstore.dev/attestation/vuln/v1"));
    assert!(names("verificationSummary").contains("https://slsa.dev/verification_summary/v1"));
    assert_eq!(names("https://example.com/x").into_iter().collect::<Vec<_>>(), ["https://example.com/x"]);
}
