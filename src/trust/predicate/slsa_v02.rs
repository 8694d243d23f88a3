//! SLSA provenance v0.2 (slsa.dev/spec/v0.2/provenance), as slsa-github-generator, Tekton and BuildKit write it.

use std::collections::BTreeMap;

use super::{Content, Told, json::Object, source};
use crate::model::StatementKind;

pub(super) fn read(predicate: Object<'_>) -> Result<Told, String> {
    let mut says = BTreeMap::new();
    let builder = predicate.required_object("builder")?.text("id")?;
    let texts = [(StatementKind::Builder, builder), (StatementKind::BuildType, predicate.text("buildType")?)];
    says.extend(texts.into_iter().filter_map(|(kind, text)| Some((kind, text?.to_owned()))));
    // The specification gives `configSource` its meaning for every build type; materials have none of their own.
    if let Some(invocation) = predicate.object("invocation")?
        && let Some(config) = invocation.object("configSource")?
        && let Some(found) = source::described(config)?
    {
        source::say(&mut says, found);
    }
    Ok(Told { says, content: Content::Provenance(source::materials(predicate, "materials")?) })
}
