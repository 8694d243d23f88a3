//! CISA, "2025 Minimum Elements for a Software Bill of Materials" (draft of 2025-08-22): its data fields. Coverage is
//! judged as far as a file shows it.

use super::{
    checks,
    document::{Component, Document, Format, HashOf},
    field::{
        Check::{Component as Each, Document as Whole},
        Field,
        Level::Must,
        Outcome, Verdict,
    },
    ntia::{self, EVERY},
    words,
};

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "sbom-author",
        level: Must,
        section: "SBOM Author",
        wanted: "name of who makes the SBOM",
        check: Whole(ntia::author),
    },
    Field {
        name: "software-producer",
        level: Must,
        section: "Software Producer",
        wanted: "name of who creates, defines and identifies the component",
        check: Each(EVERY, ntia::supplier),
    },
    Field {
        name: "component-name",
        level: Must,
        section: "Component Name",
        wanted: "name given by the producer",
        check: Each(EVERY, checks::name),
    },
    Field {
        name: "component-version",
        level: Must,
        section: "Component Version",
        wanted: "version given by the producer",
        check: Each(EVERY, checks::version),
    },
    Field {
        name: "software-identifiers",
        level: Must,
        section: "Software Identifiers",
        wanted: "at least one of package URL, CPE, OmniBOR, SWHID",
        check: Each(EVERY, identifiers),
    },
    Field {
        name: "component-hash",
        level: Must,
        section: "Component Hash",
        wanted: "hash of the component by a cryptographically secure algorithm",
        check: Each(EVERY, hash),
    },
    Field {
        name: "license",
        level: Must,
        section: "License",
        wanted: "licence under which the component is available, or that it is unknown",
        check: Each(EVERY, licence),
    },
    Field {
        name: "dependency-relationship",
        level: Must,
        section: "Dependency Relationship",
        wanted: "that the component is included in another, or what it includes",
        check: Each(EVERY, ntia::relationship),
    },
    Field {
        name: "tool-name",
        level: Must,
        section: "Tool Name",
        wanted: "name of the tool that made the SBOM",
        check: Whole(tool),
    },
    Field {
        name: "timestamp",
        level: Must,
        section: "Timestamp",
        wanted: "date and time of the SBOM (ISO 8601)",
        check: Whole(checks::timestamp),
    },
    Field {
        name: "generation-context",
        level: Must,
        section: "Generation Context",
        wanted: "whether the SBOM was made before, during or after the build",
        check: Whole(context),
    },
    Field {
        name: "coverage",
        level: Must,
        section: "Coverage",
        wanted: "how complete the dependencies of what the SBOM is about are, unknowns said as unknown",
        check: Whole(coverage),
    },
];

fn identifiers(document: &Document, index: usize, component: &Component) -> Verdict {
    let verdict = checks::identifiers(document, index, component);
    match verdict.outcome {
        Outcome::NotJudged => {
            Verdict::short(&component.pointer, "", "add a package URL or another identifier")
        }
        _ => verdict,
    }
}

fn hash(_: &Document, _: usize, component: &Component) -> Verdict {
    let of_component = component.hashes.iter().filter(|hash| hash.of != HashOf::Source);
    match checks::secure_hash(of_component, None) {
        None => Verdict::short(&component.pointer, "", "add a hash of the component"),
        Some(Ok(hash)) => Verdict::met(&hash.text.pointer),
        Some(Err((hash, fault))) => {
            let found = format!("{} {}", hash.algorithm, hash.text.value);
            Verdict::short(&hash.text.pointer, found.trim(), fault)
        }
    }
}

fn licence(_: &Document, _: usize, component: &Component) -> Verdict {
    let unknown = |text: &str| words::is_unknown(text) || words::is_unknown_licence(text);
    let mut known = component.licences.iter().filter(|licence| !unknown(&licence.text.value));
    match (known.next(), component.licences.first()) {
        (Some(licence), _) => Verdict::met(&licence.text.pointer),
        (None, Some(licence)) => Verdict::unknown(&licence.text.pointer, &licence.text.value),
        (None, None) => Verdict::short(&component.pointer, "", "add its licence, or say that it is unknown"),
    }
}

fn tool(document: &Document) -> Verdict {
    match document.tools.first() {
        Some(tool) => Verdict::met(&tool.pointer),
        None => Verdict::short(&document.creation, "", "name the tool that made the SBOM"),
    }
}

fn context(document: &Document) -> Verdict {
    match (document.phases.first(), document.format) {
        (Some(phase), _) => Verdict::met(&phase.pointer),
        // SPDX 2 has no place for it.
        (None, Format::Spdx2) => {
            Verdict::short(&document.creation, "", "SPDX 2 cannot say it: write SPDX 3 or CycloneDX")
        }
        (None, _) => Verdict::short(
            &document.creation,
            "",
            "add a lifecycle phase (CycloneDX) or the type of the SBOM (SPDX 3)",
        ),
    }
}

fn coverage(document: &Document) -> Verdict {
    let Some(index) = document.primary else {
        return Verdict::short("", "", "the file does not say which component it is about");
    };
    let primary = &document.components[index];
    let verdict = checks::completeness(document, index, primary);
    match verdict.outcome {
        Outcome::NotJudged => Verdict::short(&primary.pointer, "", "say how complete its dependencies are"),
        _ => verdict,
    }
}
