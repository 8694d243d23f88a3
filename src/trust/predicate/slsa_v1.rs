//! SLSA provenance v1 (slsa.dev/spec/v1.0/provenance), as GitHub's artifact attestations and BuildKit write it.
//!
//! The meaning of external parameters is that of the build type, and in unknown build types anybody who starts a build
//! may fill them: a source is read of known build types only.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Content, Told,
    json::Object,
    source::{self, Source},
    statement,
};
use crate::model::StatementKind;

/// Build types whose `externalParameters.workflow` holds `repository` and `ref`, and whose commit is that of the
/// dependency with the same repository (actions.github.io/buildtypes/workflow/v1 and the community's before it).
const WORKFLOWS: [&str; 2] = [
    "https://actions.github.io/buildtypes/workflow/v1",
    "https://slsa-framework.github.io/github-actions-buildtypes/workflow/v1",
];

/// BuildKit's build type: `externalParameters.configSource` (moby/buildkit docs/attestations/slsa-definitions.md).
const BUILDKIT: &str = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md";

pub(super) fn read(predicate: Object<'_>) -> Result<Told, String> {
    let definition = predicate.required_object("buildDefinition")?;
    let run = predicate.required_object("runDetails")?;
    let builder = run.object("builder")?.map_or(Ok(None), |builder| builder.text("id"))?;
    let build_type = definition.text("buildType")?;
    let texts = [(StatementKind::Builder, builder), (StatementKind::BuildType, build_type)];
    let said = texts.into_iter().filter_map(|(kind, text)| Some((kind, text?.to_owned())));
    let mut says: BTreeMap<_, _> = said.collect();
    if let Some(parameters) = definition.object("externalParameters")? {
        let found = match build_type {
            Some(build_type) if WORKFLOWS.contains(&build_type) => workflow(definition, parameters)?,
            Some(BUILDKIT) => parameters.object("configSource")?.map_or(Ok(None), source::described)?,
            _ => None,
        };
        if let Some(found) = found {
            source::say(&mut says, found);
        }
    }
    Ok(Told { says, content: Content::Provenance(source::materials(definition, "resolvedDependencies")?) })
}

fn workflow(definition: Object<'_>, parameters: Object<'_>) -> Result<Option<Source>, String> {
    let Some(workflow) = parameters.object("workflow")? else { return Ok(None) };
    let Some(repository) = workflow.text("repository")? else { return Ok(None) };
    let reference = workflow.text("ref")?.map(ToOwned::to_owned);
    let commit = resolved(definition, repository, reference.as_deref())?;
    Ok(Some(Source { repository: repository.to_owned(), reference, commit }))
}

/// Returns the commit of the dependency that is the repository at the ref, where all of them agree.
fn resolved(
    definition: Object<'_>,
    repository: &str,
    reference: Option<&str>,
) -> Result<Option<String>, String> {
    let mut commits = vec![];
    for item in definition.objects("resolvedDependencies")? {
        let item = item?;
        let Some(uri) = item.get("uri")?.and_then(Value::as_str) else { continue };
        let Some(found) = source::take_apart(uri).filter(|found| found.repository == repository) else {
            continue;
        };
        if found.reference.as_deref() == reference {
            commits.extend(source::commit(&statement::digests(item)?)?);
        }
    }
    commits.dedup();
    match commits.len() {
        0 | 1 => Ok(commits.pop()),
        _ => Err("the source has two different commits".to_owned()),
    }
}
