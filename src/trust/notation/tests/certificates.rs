//! Chains that must not be followed.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose,
};

use super::*;
use Outcome::Invalid;

/// Signs with a changed certificate.
fn with(change: impl FnOnce(&mut CertificateParams)) -> (Outcome, String) {
    let town = Town::new();
    told(&draft("ES256"), &town.signer_with("ES256", change), &store(&town.root))
}

/// Signs with a changed chain.
fn chained(change: impl FnOnce(&mut Vec<Vec<u8>>)) -> (Outcome, String) {
    let town = Town::new();
    let mut signer = town.signer("ES256");
    change(&mut signer.chain);
    told(&draft("ES256"), &signer, &store(&town.root))
}

#[test]
fn chain_in_wrong_order() {
    assert_refused(&chained(|chain| chain.swap(1, 2)), Invalid, "is not followed by its issuer's");
    // The first certificate is the signer's, whoever that says it is.
    assert_eq!(chained(|chain| chain.reverse()).0, Invalid);
}

#[test]
fn chain_without_its_root_or_with_a_gap() {
    assert_refused(&chained(|chain| chain.truncate(2)), Invalid, "is not followed by its issuer's");
    assert_refused(&chained(|chain| drop(chain.remove(1))), Invalid, "is not followed by its issuer's");
    assert_refused(&chained(Vec::clear), Invalid, "there is no certificate");
}

#[test]
fn chain_with_its_root_twice() {
    assert_refused(
        &chained(|chain| chain.push(chain[2].clone())),
        Invalid,
        "is a root in the midst of a chain",
    );
}

#[test]
fn chain_of_a_thousand_certificates() {
    let told = chained(|chain| {
        let authority = chain[1].clone();
        chain.splice(1..1, std::iter::repeat_n(authority, 997));
    });
    assert_refused(&told, Invalid, "the chain has 1000 certificates, more than 16");
}

#[test]
fn chain_one_certificate_within_the_limit_and_one_over() {
    for (count, reason) in [(16, "root"), (17, "more than 16")] {
        let told = chained(|chain| chain.resize(count, chain[2].clone()));
        assert_refused(&told, Invalid, reason);
    }
}

#[test]
fn malformed_certificates() {
    assert_refused(&chained(|chain| chain[0].truncate(100)), Invalid, "a certificate is malformed");
    assert_refused(&chained(|chain| chain[0].push(0)), Invalid, "a certificate is malformed");
    assert_refused(&chained(|chain| chain[2] = vec![]), Invalid, "a certificate is malformed");
}

#[test]
fn leaf_that_is_an_authority() {
    let told = with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    assert_refused(&told, Invalid, "is an authority's, and may not sign content");
    assert_eq!(with(|params| params.is_ca = IsCa::ExplicitNoCa).0, Outcome::Verified);
}

#[test]
fn leaf_that_may_not_sign() {
    let told = with(|params| params.key_usages.clear());
    assert_refused(&told, Invalid, "has no critical key usage");
    let told = with(|params| params.key_usages = vec![KeyUsagePurpose::ContentCommitment]);
    assert_refused(&told, Invalid, "may not make digital signatures");
    for usage in [
        KeyUsagePurpose::KeyEncipherment,
        KeyUsagePurpose::DataEncipherment,
        KeyUsagePurpose::KeyAgreement,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::EncipherOnly,
        KeyUsagePurpose::DecipherOnly,
    ] {
        let told = with(|params| params.key_usages.push(usage));
        assert_refused(&told, Invalid, "has uses besides digital signatures");
    }
}

#[test]
fn key_usage_that_is_not_critical() {
    // id-ce-keyUsage with the bit `digitalSignature`.
    let told = with(|params| {
        params.key_usages.clear();
        params
            .custom_extensions
            .push(CustomExtension::from_oid_content(&[2, 5, 29, 15], vec![3, 2, 7, 0x80]));
    });
    assert_refused(&told, Invalid, "has no critical key usage");
}

#[test]
fn leaf_for_another_purpose() {
    use ExtendedKeyUsagePurpose::{
        Any, ClientAuth, CodeSigning, EmailProtection, OcspSigning, ServerAuth, TimeStamping,
    };
    assert_eq!(with(|params| params.extended_key_usages = vec![CodeSigning]).0, Outcome::Verified);
    for purpose in [Any, ServerAuth, ClientAuth, EmailProtection, TimeStamping, OcspSigning] {
        let told = with(|params| params.extended_key_usages = vec![CodeSigning, purpose]);
        assert_refused(&told, Invalid, "is for something else than signing content");
    }
}

/// Signs below an authority that was made from changed parameters.
fn below(change: impl FnOnce(&mut CertificateParams)) -> (Outcome, String) {
    let mut town = Town::new();
    let mut params = made::authority_params("Authority");
    change(&mut params);
    town.authority = CertifiedIssuer::signed_by(params, made::key("ES256"), &town.root).unwrap();
    told(&draft("ES256"), &town.signer("ES256"), &store(&town.root))
}

#[test]
fn signer_below_a_certificate_that_is_no_authority() {
    assert_refused(&below(|params| params.is_ca = IsCa::NoCa), Invalid, "is no authority's");
    assert_refused(&below(|params| params.is_ca = IsCa::ExplicitNoCa), Invalid, "is no authority's");
    let told = below(|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature]);
    assert_refused(&told, Invalid, "may not sign certificates");
}

#[test]
fn more_authorities_than_the_root_allows() {
    let zero = IsCa::Ca(BasicConstraints::Constrained(0));
    assert_eq!(below(|params| params.is_ca = zero).0, Outcome::Verified);
    let mut params = made::authority_params("Root");
    params.is_ca = zero;
    let root = CertifiedIssuer::self_signed(params, made::key("ES256")).unwrap();
    let authority =
        CertifiedIssuer::signed_by(made::authority_params("Authority"), made::key("ES256"), &root).unwrap();
    let town = Town { root, authority };
    let told = told(&draft("ES256"), &town.signer("ES256"), &store(&town.root));
    assert_refused(&told, Invalid, "allows fewer authorities below it");
}

#[test]
fn issuer_of_the_same_name_and_another_key() {
    let (town, mut other) = (Town::new(), Town::new());
    let mut signer = other.signer("ES256");
    other.authority = Town::new().authority;
    signer.chain[1] = town.authority.der().to_vec();
    signer.chain[2] = town.root.der().to_vec();
    assert_refused(&told(&draft("ES256"), &signer, &store(&town.root)), Invalid, "not signed by");
}

#[test]
fn self_signed_certificate_that_is_not_trusted() {
    let key = made::key("ES256");
    let certificate = made::signer_params().self_signed(&key).unwrap();
    let signer = Signer { algorithm: "ES256", key, chain: vec![certificate.der().to_vec()] };
    let told = told(&draft("ES256"), &signer, &store(&Town::new().root));
    assert_refused(&told, Outcome::Foreign, "whose certificates are in no Notation trust store");
}

#[test]
fn leaf_alone_that_is_not_self_signed() {
    let town = Town::new();
    let mut signer = town.signer("ES256");
    signer.chain.truncate(1);
    assert_refused(
        &told(&draft("ES256"), &signer, &store(&town.root)),
        Invalid,
        "is not followed by its issuer's",
    );
}
