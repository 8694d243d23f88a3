//! Documents in the shape in which Red Hat and SUSE write theirs.

use serde_json::{Value, json};

pub(super) const VECTOR: &str = "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:N/I:N/A:H";

pub(super) fn product(id: &str, helper: (&str, &str)) -> Value {
    let mut product = json!({"name": id, "product_id": id});
    if !helper.0.is_empty() {
        product["product_identification_helper"] = json!({helper.0: helper.1});
    }
    json!({"category": "product_version", "name": id, "product": product})
}

pub(super) fn part(platform: &str, product: &str) -> Value {
    json!({
        "category": "default_component_of",
        "full_product_name": {"name": format!("{product} as a component of {platform}"),
            "product_id": format!("{platform}:{product}")},
        "product_reference": product,
        "relates_to_product_reference": platform,
    })
}

/// A document in the shape in which both vendors write theirs: platforms and packages in branches, each package of a
/// platform in a relationship.
pub(super) fn document(
    namespace: &str,
    id: &str,
    products: &[(&str, (&str, &str))],
    parts: &[(&str, &str)],
    vulnerabilities: &Value,
) -> Value {
    let category = if id.starts_with("CVE-") { "csaf_vex" } else { "csaf_security_advisory" };
    json!({
        "document": {
            "aggregate_severity": {"namespace": namespace, "text": "Moderate"},
            "category": category,
            "csaf_version": "2.0",
            "distribution": {"text": "Copyright", "tlp": {"label": "WHITE"}},
            "lang": "en",
            "notes": [{"category": "legal_disclaimer", "text": "Terms", "title": "Terms of Use"}],
            "publisher": {"category": "vendor", "name": "Product Security", "namespace": namespace},
            "title": "golang: endless loop",
            "tracking": {"current_release_date": "2025-08-13T15:14:45+00:00", "id": id, "status": "final",
                "version": "3", "revision_history": [{"date": "2024-03-05T00:00:00+00:00", "number": "1"}]},
        },
        "product_tree": {
            "branches": [{"category": "vendor", "name": "Vendor", "branches": [
                {"category": "product_family", "name": "Family",
                    "branches": products.iter().map(|(id, helper)| product(id, *helper)).collect::<Vec<_>>()}]}],
            "relationships": parts.iter().map(|(platform, id)| part(platform, id)).collect::<Vec<_>>(),
        },
        "vulnerabilities": vulnerabilities,
    })
}

pub(super) const RED_HAT: &str = "https://www.redhat.com";

/// A file about one vulnerability as of 2025: unrepaired packages by package URL, modules in a qualifier or between a
/// package and its platform.
#[expect(clippy::too_many_lines, reason = "one document")]
pub(super) fn red_hat() -> Value {
    document(
        RED_HAT,
        "CVE-2024-24786",
        &[
            ("red_hat_enterprise_linux_8", ("cpe", "cpe:/o:redhat:enterprise_linux:8")),
            ("red_hat_enterprise_linux_10", ("cpe", "cpe:/o:redhat:enterprise_linux:10")),
            ("AppStream-8.8.0.Z.MAIN.EUS", ("cpe", "cpe:/a:redhat:enterprise_linux:8::appstream")),
            ("AppStream-9.2.0.Z.EUS", ("cpe", "cpe:/a:redhat:rhel_eus:9.2::appstream")),
            ("BaseOS-9", ("cpe", "cpe:/o:redhat:enterprise_linux:9::baseos")),
            ("9Base-RHOSE-4.16", ("cpe", "cpe:/a:redhat:openshift:4.16::el9")),
            (
                "openssl-1:3.0.7-6.el9_2.src",
                ("purl", "pkg:rpm/redhat/openssl@3.0.7-6.el9_2?arch=src&epoch=1"),
            ),
            (
                "openssl-libs-1:3.0.7-6.el9_2.x86_64",
                ("purl", "pkg:rpm/redhat/openssl-libs@3.0.7-6.el9_2?arch=x86_64&epoch=1"),
            ),
            (
                "ruby:2.7:8080020230427102918:63b34585",
                ("purl", "pkg:rpmmod/redhat/ruby@2.7:8080020230427102918:63b34585"),
            ),
            (
                "ruby-0:2.7.8-139.module+el8.8.0+18745+f1bef313.src",
                ("purl", "pkg:rpm/redhat/ruby@2.7.8-139.module%2Bel8.8.0%2B18745%2Bf1bef313?arch=src"),
            ),
            (
                "go-toolset:rhel8/go-toolset",
                ("purl", "pkg:rpm/redhat/go-toolset@rhel8?arch=src&rpmmod=go-toolset:rhel8"),
            ),
            ("samba", ("purl", "pkg:rpm/redhat/samba")),
            ("samba.src", ("purl", "pkg:rpm/redhat/samba?arch=src")),
            ("kernel", ("purl", "pkg:rpm/redhat/kernel?arch=src")),
            ("old", ("purl", "pkg:rpm/redhat/old?arch=src")),
            ("ubi8", ("purl", "pkg:oci/ubi8?repository_url=registry.example/ubi8")),
        ],
        &[
            ("red_hat_enterprise_linux_8", "go-toolset:rhel8/go-toolset"),
            ("red_hat_enterprise_linux_8", "samba"),
            ("red_hat_enterprise_linux_8", "samba.src"),
            ("red_hat_enterprise_linux_8", "ubi8"),
            ("red_hat_enterprise_linux_8", "old"),
            ("red_hat_enterprise_linux_10", "kernel"),
            ("red_hat_enterprise_linux_10", "samba.src"),
            ("AppStream-8.8.0.Z.MAIN.EUS", "ruby:2.7:8080020230427102918:63b34585"),
            (
                "AppStream-8.8.0.Z.MAIN.EUS:ruby:2.7:8080020230427102918:63b34585",
                "ruby-0:2.7.8-139.module+el8.8.0+18745+f1bef313.src",
            ),
            ("AppStream-9.2.0.Z.EUS", "openssl-1:3.0.7-6.el9_2.src"),
            ("BaseOS-9", "openssl-1:3.0.7-6.el9_2.src"),
            ("BaseOS-9", "openssl-libs-1:3.0.7-6.el9_2.x86_64"),
            ("9Base-RHOSE-4.16", "openssl-1:3.0.7-6.el9_2.src"),
        ],
        &json!([{
            "cve": "CVE-2024-24786",
            "cwe": {"id": "CWE-835", "name": "Infinite Loop"},
            "ids": [{"system_name": "Red Hat Bugzilla ID", "text": "2268046"}],
            "product_status": {
                "fixed": [
                    "AppStream-8.8.0.Z.MAIN.EUS:ruby:2.7:8080020230427102918:63b34585:ruby-0:2.7.8-139.module+el8.8.0+18745+f1bef313.src",
                    "AppStream-9.2.0.Z.EUS:openssl-1:3.0.7-6.el9_2.src",
                    "BaseOS-9:openssl-1:3.0.7-6.el9_2.src",
                    "BaseOS-9:openssl-libs-1:3.0.7-6.el9_2.x86_64",
                    "9Base-RHOSE-4.16:openssl-1:3.0.7-6.el9_2.src",
                ],
                "known_affected": [
                    "red_hat_enterprise_linux_8:go-toolset:rhel8/go-toolset",
                    "red_hat_enterprise_linux_8:samba",
                    "red_hat_enterprise_linux_8:samba.src",
                    "red_hat_enterprise_linux_8:ubi8",
                    "red_hat_enterprise_linux_8:old",
                ],
                "known_not_affected": ["red_hat_enterprise_linux_10:samba.src"],
                "under_investigation": ["red_hat_enterprise_linux_10:kernel"],
            },
            "scores": [{
                "cvss_v3": {"attackComplexity": "HIGH", "baseScore": 5.9, "vectorString": VECTOR, "version": "3.1"},
                "products": ["BaseOS-9:openssl-1:3.0.7-6.el9_2.src"],
            }],
            "remediations": [
                {"category": "none_available", "details": "Fix deferred",
                    "product_ids": ["red_hat_enterprise_linux_8:go-toolset:rhel8/go-toolset"]},
                {"category": "no_fix_planned", "details": "Will not fix",
                    "product_ids": ["red_hat_enterprise_linux_8:samba", "red_hat_enterprise_linux_8:samba.src"]},
                {"category": "no_fix_planned", "details": "Out of support scope",
                    "product_ids": ["red_hat_enterprise_linux_8:old"]},
                {"category": "workaround", "details": "None", "product_ids": ["red_hat_enterprise_linux_8:old"]},
            ],
            "threats": [{"category": "impact", "details": "Important",
                "product_ids": ["BaseOS-9:openssl-1:3.0.7-6.el9_2.src"]}],
        }]),
    )
}
