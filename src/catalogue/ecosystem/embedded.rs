//! Bills of materials that somebody put into the image: SPDX and CycloneDX as JSON, as Wolfi and others ship them.
//!
//! Noted is that they are there and of which format. Their packages are not taken over: they are the word of whoever
//! built the image, while everything else here was seen in it.

use super::{Cataloguer, Wants, word};
use crate::catalogue::found::{File, Parsed};
use crate::catalogue::json::Json;
use crate::catalogue::path::split;

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "embedded",
    wants: &[Wants::Paths(is_wanted)],
    parse: |file: &File<'_>| Parsed { document: format(file.bytes), ..Parsed::default() },
};

const NAMES: [&str; 2] = ["bom.json", "sbom.json"];
const ENDINGS: [&str; 2] = [".spdx.json", ".cdx.json"];

/// Directories that are for such documents alone.
const DIRECTORIES: [&str; 2] = ["usr/share/sbom/", "var/lib/db/sbom/"];

fn is_wanted(path: &str) -> bool {
    let in_directory = DIRECTORIES.iter().any(|directory| path.starts_with(directory));
    NAMES.contains(&split(path).1)
        || ENDINGS.iter().any(|ending| path.ends_with(ending))
        || (in_directory && path.strip_suffix(".json").is_some())
}

/// Returns `SPDX-2.3`, `SPDX-3.0` or `CycloneDX-1.5`; `None` for any other JSON, which such names may be of as well.
fn format(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let [spdx, format, version, context] =
        Json::of(&text)?.get(["spdxVersion", "bomFormat", "specVersion", "@context"])?;
    let plain = |value: Option<Json<'_>>| value?.text().filter(|text| word(text.as_bytes()).is_some());
    if let Some(spdx) = plain(spdx) {
        return Some(spdx);
    }
    if let Some(format) = plain(format).filter(|format| format == "CycloneDX") {
        return Some(format!("{format}-{}", plain(version)?));
    }
    let context = plain(context)?;
    let version = context.split_once("//spdx.org/rdf/")?.1.split('/').next()?;
    Some(format!("SPDX-{}", version.rsplit_once('.').map_or(version, |(short, _)| short)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_by_what_they_say() {
        for (text, expected) in [
            (
                r#"{"SPDXID": "SPDXRef-DOCUMENT", "spdxVersion": "SPDX-2.3", "packages": []}"#,
                Some("SPDX-2.3"),
            ),
            (r#"{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}"#, Some("CycloneDX-1.5")),
            (
                r#"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}"#,
                Some("SPDX-3.0"),
            ),
            (r#"{"@context": "https://schema.org"}"#, None),
            (r#"{"bomFormat": "CycloneDX"}"#, None),
            (r#"{"bomFormat": "Weather", "specVersion": "1.5"}"#, None),
            (r#"{"spdxVersion": "SPDX\u001b[2J"}"#, None),
            (r#"{"station": 7}"#, None),
            ("[]", None),
            ("", None),
        ] {
            assert_eq!(format(text.as_bytes()).as_deref(), expected, "{text}");
        }
        for (path, wanted) in [
            ("var/lib/db/sbom/busybox-1.36.1-r5.spdx.json", true),
            ("usr/share/sbom/deep/app.json", true),
            ("app/bom.json", true),
            ("app/x.cdx.json", true),
            ("app/xbom.json", false),
            ("opt/bitnami/redis/.spdx-redis.spdx", false),
        ] {
            assert_eq!(is_wanted(path), wanted, "{path}");
        }
    }
}
