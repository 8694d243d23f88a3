//! `Mirror.spec.advisories`: sources with one place each, under different names.

use std::collections::BTreeSet;

use super::Object;
use crate::manifest::{
    AdvisoryPlace, Code, DesiredAdvisorySource, Diagnostic,
    kinds::{AdvisoriesSpec, AdvisorySourceSpec},
    mistakes::Mistakes,
};

/// Returns the sources in the order of the manifest.
pub(super) fn sources(
    object: &Object<'_>,
    spec: &AdvisoriesSpec,
    out: &mut Mistakes,
) -> Vec<DesiredAdvisorySource> {
    let mut names = BTreeSet::new();
    let mut sources = vec![];
    for (index, source) in spec.sources.iter().enumerate() {
        let path = format!("spec.advisories.sources.{index}");
        if !names.insert(source.name.0.as_str()) {
            let message = format!("two sources have the name `{}`", source.name.0);
            let at = object.place(&format!("{path}.name"));
            let help = "records name a source by it".to_owned();
            out.push(Diagnostic::new(Code::InvalidValue, message, at).help(help));
        }
        let Some(place) = place(source) else {
            let message = "a source needs `url` or `path`, and not both";
            let help = "`url` is fetched; `path` is in the manifest repository".to_owned();
            out.push(Diagnostic::new(Code::InvalidValue, message, object.place(&path)).help(help));
            continue;
        };
        let licence = source.licence.as_ref().map(|text| text.0.clone());
        sources.push(DesiredAdvisorySource { name: source.name.0.clone(), place, licence });
    }
    sources
}

fn place(source: &AdvisorySourceSpec) -> Option<AdvisoryPlace> {
    match (&source.url, &source.path) {
        (Some(url), None) => Some(AdvisoryPlace::Url(url.0.clone())),
        (None, Some(path)) => Some(AdvisoryPlace::Path(path.0.clone())),
        _ => None,
    }
}
