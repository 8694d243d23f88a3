//! NTIA, "The Minimum Elements For a Software Bill of Materials" (2021-07-12): the seven data fields. The other
//! elements of the paper are about practices and processes, which no file shows.

use super::{
    checks,
    document::{Component, ComponentKind, Document, Party},
    field::{
        Check::{Component as Each, Document as Whole},
        Field,
        Level::{Must, MustIfExists},
        Outcome, Verdict,
    },
};

pub(super) const EVERY: &[ComponentKind] =
    &[ComponentKind::File, ComponentKind::Logical, ComponentKind::External, ComponentKind::Other];

pub(super) const FIELDS: &[Field] = &[
    Field {
        name: "supplier-name",
        level: Must,
        section: "Supplier Name",
        wanted: "name of who creates, defines and identifies the component",
        check: Each(EVERY, supplier),
    },
    Field {
        name: "component-name",
        level: Must,
        section: "Component Name",
        wanted: "designation given by the supplier",
        check: Each(EVERY, checks::name),
    },
    Field {
        name: "component-version",
        level: Must,
        section: "Version of the Component",
        wanted: "version given by the supplier",
        check: Each(EVERY, checks::version),
    },
    Field {
        name: "other-unique-identifiers",
        level: MustIfExists,
        section: "Other Unique Identifiers",
        wanted: "package URL, CPE or SWID",
        check: Each(EVERY, checks::identifiers),
    },
    Field {
        name: "dependency-relationship",
        level: Must,
        section: "Dependency Relationship",
        wanted: "that the component is included in another, or what it includes",
        check: Each(EVERY, relationship),
    },
    Field {
        name: "sbom-author",
        level: Must,
        section: "Author of SBOM Data",
        wanted: "name of who makes the SBOM",
        check: Whole(author),
    },
    Field {
        name: "timestamp",
        level: Must,
        section: "Timestamp",
        wanted: "date and time of the SBOM",
        check: Whole(checks::timestamp),
    },
];

pub(super) fn supplier(_: &Document, _: usize, component: &Component) -> Verdict {
    checks::named(&component.suppliers, &component.pointer, "name its supplier or manufacturer")
}

pub(super) fn author(document: &Document) -> Verdict {
    let makers: Vec<Party> = document.creators.iter().filter(|party| !party.stands_in).cloned().collect();
    checks::named(&makers, &document.creation, "name who made the SBOM; a tool alone is no author")
}

/// A component stands in a relationship where it says what it needs or where something needs it; that nobody knows
/// may be said, too ("known unknowns").
pub(super) fn relationship(document: &Document, index: usize, component: &Component) -> Verdict {
    let complete = checks::completeness(document, index, component);
    let reached = document.primary.is_some() && document.reached[index] && document.primary != Some(index);
    match component.stated || reached {
        true => Verdict::met(&component.pointer),
        false if complete.outcome == Outcome::DeclaredUnknown => complete,
        false => Verdict::short(&component.pointer, "", "no relationship has it on either side"),
    }
}
