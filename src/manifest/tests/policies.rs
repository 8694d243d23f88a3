//! Trust policies: whom they accept and what they demand.

use super::*;

/// Returns what is wrong with a policy, by message; the files that it may name are there.
fn mistakes(spec: &str) -> Vec<String> {
    let indented: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let policy = format!(
        "apiVersion: fondaco/v1alpha1\nkind: TrustPolicy\nmetadata: {{name: publisher}}\nspec:\n{indented}"
    );
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let key = KEY_IN_QUOTES.replace("\\n", "\n");
    let root = crate::trust::root::Instance::PublicGood.embedded().unwrap();
    let all = [
        file("fondaco.yaml", MIRROR),
        file("trust/policy.yaml", &policy),
        file("trust/acme.pub", &key),
        file("trust/root.json", root.text()),
    ];
    match read(&all) {
        Ok(_) => vec![],
        Err(diagnostics) => diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect(),
    }
}

const KEY: &str = "keys: [{name: acme, path: trust/acme.pub}]\n";
const IDENTITY: &str = "identities: [{name: release, issuer: https://token.example, identityPattern: 'https://a\\.example/.*'}]\n";

#[test]
fn a_policy_accepts_somebody_by_what_it_names() {
    let cases: [(String, &[&str]); 12] = [
        (KEY.to_owned(), &[]),
        (format!("{IDENTITY}root: trust/root.json"), &[]),
        ("absent: record".to_owned(), &["the policy trusts nobody"]),
        (IDENTITY.to_owned(), &["`identities` need a `root`"]),
        (format!("{IDENTITY}root: trust/other.json"), &["file `trust/other.json` is not there"]),
        (
            "keys: [{name: acme, path: trust/acme.pub, logged: true}]".to_owned(),
            &["`logged` needs a `root`, whose logs it means"],
        ),
        (format!("{KEY}signers: {{atLeast: 2}}"), &["2 signers are wanted, and 1 are named"]),
        (format!("{KEY}signers: {{of: [acne]}}"), &["signer `acne` is not in this policy"]),
        (format!("{KEY}signers: {{atLeast: 0}}"), &["neither a signature nor an attestation is wanted"]),
        (format!("{KEY}signers: {{atLeast: 0}}\nattestations: [{{name: sbom, predicate: spdx}}]"), &[]),
        (
            format!(
                "{KEY}signers: {{atLeast: 0}}\nattestations: [{{name: sbom, predicate: spdx, required: false}}]"
            ),
            &["neither a signature nor an attestation is wanted"],
        ),
        (
            format!("{KEY}attestations: [{{name: signature, predicate: spdx}}]"),
            &["`signature` is no name for an attestation: records use it for the signature"],
        ),
    ];
    for (spec, expected) in cases {
        assert_eq!(mistakes(&spec), expected, "{spec}");
    }
}
