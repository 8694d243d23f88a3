//! BSI TR-03183-2 v2.1.0 (2025-08-20): the data fields of section 5.2 for the kinds of components of section 3.2, and
//! what sections 3.1, 4, 5.1 and 6.1 ask of the document.

use super::{
    checks,
    document::{Component, ComponentKind, Document, Format, HashOf, Licence, Property, Role},
    field::{
        Check::{Component as Each, Document as Whole},
        Field,
        Level::{May, Must, MustIfExists},
        Verdict,
    },
    node::Text,
    words,
};

const FILE: &[ComponentKind] = &[ComponentKind::File];
const DUE: &[ComponentKind] = &[ComponentKind::File, ComponentKind::Logical];
/// Section 3.2.4: of what is only named, who made it, what it is called, and how else it is identified.
const NAMED: &[ComponentKind] = &[ComponentKind::File, ComponentKind::Logical, ComponentKind::External];

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "specification",
        level: Must,
        section: "4",
        wanted: "CycloneDX 1.6 or later, or SPDX 3.0.1 or later",
        check: Whole(specification),
    },
    Field {
        name: "no-vulnerabilities",
        level: Must,
        section: "3.1",
        wanted: "no information about vulnerabilities",
        check: Whole(no_vulnerabilities),
    },
    Field {
        name: "sbom-creator",
        level: Must,
        section: "5.2.1",
        wanted: "e-mail address or else URL of who made the SBOM",
        check: Whole(|document| checks::contact(&document.creators, &document.creation)),
    },
    Field {
        name: "timestamp",
        level: Must,
        section: "5.2.1",
        wanted: "time of the SBOM in RFC 3339",
        check: Whole(checks::timestamp),
    },
    Field {
        name: "sbom-uri",
        level: MustIfExists,
        section: "5.2.3",
        wanted: "serial number or URI of the SBOM",
        check: Whole(sbom_uri),
    },
    Field {
        name: "primary-component",
        level: Must,
        section: "5.1",
        wanted: "the component that the SBOM is about, from which dependencies are followed",
        check: Whole(primary),
    },
    Field {
        name: "dependency-references",
        level: Must,
        section: "5.2.2",
        wanted: "dependencies between components that the file has",
        check: Whole(references),
    },
    Field {
        name: "component-creator",
        level: Must,
        section: "5.2.2",
        wanted: "e-mail address or else URL of who made the component",
        check: Each(NAMED, |_, _, component| checks::contact(&component.creators, &component.pointer)),
    },
    Field {
        name: "component-name",
        level: Must,
        section: "5.2.2",
        wanted: "name of the component, else its filename",
        check: Each(NAMED, checks::name),
    },
    Field {
        name: "component-version",
        level: Must,
        section: "5.2.2",
        wanted: "version of the component, else the time of the file's last change",
        check: Each(NAMED, checks::version),
    },
    Field {
        name: "filename",
        level: Must,
        section: "5.2.2",
        wanted: "name of the component's file, without a path",
        check: Each(FILE, filename),
    },
    Field {
        name: "dependencies",
        level: Must,
        section: "5.2.2",
        wanted: "what the component needs and contains",
        check: Each(DUE, checks::dependencies),
    },
    Field {
        name: "dependency-completeness",
        level: Must,
        section: "5.2.2",
        wanted: "whether the dependencies are complete, incomplete or unknown",
        check: Each(DUE, checks::completeness),
    },
    Field {
        name: "distribution-licences",
        level: Must,
        section: "5.2.2",
        wanted: "concluded licences as SPDX expression or LicenseRef",
        check: Each(DUE, |_, _, component| licences(component, Role::Concluded)),
    },
    Field {
        name: "licence-identifiers",
        level: Must,
        section: "6.1",
        wanted: "every licence as SPDX identifier, SPDX expression or LicenseRef",
        check: Each(DUE, licence_identifiers),
    },
    Field {
        name: "deployable-hash",
        level: Must,
        section: "5.2.2",
        wanted: "SHA-512 of the deployable component, on its distribution",
        check: Each(FILE, deployable_hash),
    },
    Field {
        name: "executable",
        level: Must,
        section: "5.2.2",
        wanted: "`executable` or `non-executable`, once",
        check: Each(FILE, |_, _, c| property(c, &c.executable, &["executable", "non-executable"])),
    },
    Field {
        name: "archive",
        level: Must,
        section: "5.2.2",
        wanted: "`archive` or `no archive`, once",
        check: Each(FILE, |_, _, c| property(c, &c.archive, &["archive", "no archive"])),
    },
    Field {
        name: "structured",
        level: Must,
        section: "5.2.2",
        wanted: "`structured` or `unstructured`, once",
        check: Each(FILE, |_, _, c| property(c, &c.structured, &["structured", "unstructured"])),
    },
    Field {
        name: "source-code-uri",
        level: MustIfExists,
        section: "5.2.4",
        wanted: "URI of the source code",
        check: Each(FILE, |_, _, c| checks::uri(&c.source_uris, c, words::is_uri)),
    },
    Field {
        name: "deployable-uri",
        level: MustIfExists,
        section: "5.2.4",
        wanted: "URI of the deployable form",
        check: Each(FILE, |_, _, c| checks::uri(&c.distribution_uris, c, words::is_uri)),
    },
    Field {
        name: "other-identifiers",
        level: MustIfExists,
        section: "5.2.4",
        wanted: "package URL, CPE or SWID",
        check: Each(NAMED, checks::identifiers),
    },
    Field {
        name: "original-licences",
        level: MustIfExists,
        section: "5.2.4",
        wanted: "declared licences as SPDX expression or LicenseRef",
        check: Each(DUE, |_, _, component| licences(component, Role::Declared)),
    },
    Field {
        name: "effective-licence",
        level: May,
        section: "5.2.5",
        wanted: "SPDX expression or LicenseRef",
        check: Each(DUE, effective_licence),
    },
    Field {
        name: "source-code-hash",
        level: May,
        section: "5.2.5",
        wanted: "cryptographically secure hash of the source code",
        check: Each(FILE, source_hash),
    },
    Field {
        name: "security-txt",
        level: May,
        section: "5.2.5",
        wanted: "URL of the security.txt (RFC 9116)",
        check: Each(DUE, |_, _, c| checks::uri(&c.security_txt, c, words::is_web_url)),
    },
];

fn specification(document: &Document) -> Verdict {
    let Some(version) = &document.version else {
        return Verdict::short("", "", "say which version of the specification the file follows");
    };
    let numbers: Vec<u32> = version.value.split('.').map_while(|part| part.parse().ok()).collect();
    let least: &[u32] = match document.format {
        Format::CycloneDx => &[1, 6],
        Format::Spdx2 | Format::Spdx3 => &[3, 0, 1],
    };
    if numbers.as_slice() >= least {
        return Verdict::met(&version.pointer);
    }
    let found = format!("{} {}", document.format.name(), version.value);
    Verdict::short(&version.pointer, &found, "write the SBOM in a later version of its format")
}

fn no_vulnerabilities(document: &Document) -> Verdict {
    match &document.vulnerability {
        None => Verdict::met(""),
        Some(text) => {
            Verdict::short(&text.pointer, &text.value, "publish it apart, as CSAF or VEX (section 8.1.14)")
        }
    }
}

fn sbom_uri(document: &Document) -> Verdict {
    let Some(uri) = &document.uri else { return Verdict::not_judged("") };
    let (valid, hint): (fn(&str) -> bool, _) = match document.format {
        Format::CycloneDx => (words::is_serial_number, "not `urn:uuid:` and a UUID (RFC 4122)"),
        Format::Spdx2 | Format::Spdx3 => (words::is_uri, "not a URI"),
    };
    if valid(&uri.value) { Verdict::met_by(uri) } else { Verdict::short(&uri.pointer, &uri.value, hint) }
}

fn primary(document: &Document) -> Verdict {
    match document.primary {
        Some(index) => Verdict::met(&document.components[index].pointer),
        None => Verdict::short(
            "",
            "",
            "name it: `metadata.component` in CycloneDX, a root element or `describes` in SPDX",
        ),
    }
}

fn references(document: &Document) -> Verdict {
    match document.broken.first() {
        None => Verdict::met(""),
        Some(first) => {
            let count = document.broken.len();
            let hint = format!("{count} of the references in dependencies lead to no component of the file");
            Verdict::short(&first.pointer, &first.value, &hint)
        }
    }
}

fn filename(_: &Document, _: usize, component: &Component) -> Verdict {
    match component.filenames.as_slice() {
        [] => Verdict::short(
            &component.pointer,
            "",
            "add property `bsi:component:filename`; in SPDX the name of the distribution artefact",
        ),
        [name] if name.value.contains(['/', '\\']) => {
            Verdict::short(&name.pointer, &name.value, "the name alone, without the path")
        }
        [name] => Verdict::met(&name.pointer),
        [_, second, ..] => Verdict::short(&second.pointer, &second.value, "more than one filename"),
    }
}

fn licences(component: &Component, role: Role) -> Verdict {
    let given =
        || component.licences.iter().filter(|licence| licence.role == role).map(|licence| &licence.text);
    let Some(first) = given().next() else { return no_licence(component, role) };
    let fault = given().find_map(|text| Some((text, words::licence_fault(&text.value)?)));
    let unknown = given().find(|text| words::is_unknown_licence(&text.value));
    match (fault, unknown) {
        (Some((text, fault)), _) => Verdict::short(&text.pointer, &text.value, fault),
        (None, Some(unknown)) => Verdict::unknown(&unknown.pointer, &unknown.value),
        (None, None) => Verdict::met(&first.pointer),
    }
}

fn no_licence(component: &Component, role: Role) -> Verdict {
    if role != Role::Concluded {
        return Verdict::not_judged(&component.pointer);
    }
    match component.licences.iter().find(|licence| licence.role == Role::Unstated) {
        Some(Licence { text, .. }) => Verdict::short(
            &text.pointer,
            &text.value,
            "say `acknowledgement`: `concluded` where it is the licence under which the component is passed on",
        ),
        None => Verdict::short(&component.pointer, "", "add the licences under which it is passed on"),
    }
}

fn licence_identifiers(_: &Document, _: usize, component: &Component) -> Verdict {
    let mut faults = component
        .licences
        .iter()
        .filter_map(|licence| Some((&licence.text, words::licence_fault(&licence.text.value)?)));
    match (faults.next(), component.licences.first()) {
        (Some((text, fault)), _) => Verdict::short(&text.pointer, &text.value, fault),
        (None, Some(licence)) => Verdict::met(&licence.text.pointer),
        (None, None) => Verdict::not_judged(&component.pointer),
    }
}

fn deployable_hash(_: &Document, _: usize, component: &Component) -> Verdict {
    let on_distribution = component.hashes.iter().filter(|hash| hash.of == HashOf::Distribution);
    match checks::secure_hash(on_distribution, Some("sha512")) {
        Some(Ok(hash)) => Verdict::met_by(&hash.text),
        Some(Err((hash, fault))) => {
            let found = format!("{} {}", hash.algorithm, hash.text.value);
            Verdict::short(&hash.text.pointer, found.trim(), fault)
        }
        None => {
            let elsewhere = component.hashes.iter().find(|hash| hash.of == HashOf::Component);
            let hint = match elsewhere {
                Some(_) => {
                    "the component's own hashes do not count: give SHA-512 on the distribution reference"
                }
                None => "add the SHA-512 to the distribution reference; in SPDX to the distribution artefact",
            };
            let pointer = elsewhere.map_or(&component.pointer, |hash| &hash.text.pointer);
            Verdict::short(pointer, elsewhere.map_or("", |hash| &hash.algorithm), hint)
        }
    }
}

fn property(component: &Component, property: &Property, allowed: &[&str]) -> Verdict {
    match property.values.as_slice() {
        [] if property.implied => Verdict::not_judged(&component.pointer),
        [] => Verdict::short(&component.pointer, "", "the property is missing"),
        [value] if allowed.contains(&value.value.as_str()) => Verdict::met(&value.pointer),
        [value] => Verdict::short(&value.pointer, &value.value, "not one of the two allowed values"),
        [_, second, ..] => Verdict::short(&second.pointer, &second.value, "the property is there twice"),
    }
}

fn effective_licence(_: &Document, _: usize, component: &Component) -> Verdict {
    let fault = |text: &Text| words::licence_fault(&text.value);
    let mut faults = component.effective_licences.iter().filter_map(|text| Some((text, fault(text)?)));
    match (faults.next(), component.effective_licences.first()) {
        (Some((text, fault)), _) => Verdict::short(&text.pointer, &text.value, fault),
        (None, Some(text)) => Verdict::met_by(text),
        (None, None) => Verdict::not_judged(&component.pointer),
    }
}

fn source_hash(_: &Document, _: usize, component: &Component) -> Verdict {
    let of_source = component.hashes.iter().filter(|hash| hash.of == HashOf::Source);
    match checks::secure_hash(of_source, None) {
        None => Verdict::not_judged(&component.pointer),
        Some(Ok(hash)) => Verdict::met_by(&hash.text),
        Some(Err((hash, fault))) => {
            let found = format!("{} {}", hash.algorithm, hash.text.value);
            Verdict::short(&hash.text.pointer, found.trim(), fault)
        }
    }
}
