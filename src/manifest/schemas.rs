//! JSON Schemas of the manifests, for editors and for our own check, and of the records.
//!
//! Draft 7, because that is what the YAML language server of most editors understands.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::kinds::{
    ConsumerSpec, Document, GateSpec, ImageSetSpec, Kind, MirrorSpec, RegistryMetadata, RegistrySpec,
    TrustPolicySpec, WithdrawalSpec,
};
use crate::model::canonical;
use crate::{carry, evidence};

/// The schema of each kind, made once: it is a constant that the compiler cannot compute.
static KINDS: LazyLock<BTreeMap<Kind, Value>> =
    LazyLock::new(|| Kind::ALL.into_iter().map(|kind| (kind, document(kind))).collect());

/// Returns the schema that documents of a kind have to meet.
pub(super) fn of(kind: Kind) -> &'static Value {
    &KINDS[&kind]
}

/// Returns every JSON Schema by its path below `schemas/`.
pub fn schemas() -> BTreeMap<String, String> {
    let kinds = Kind::ALL.map(|kind| (file(kind), of(kind).clone()));
    let records = [
        ("custody", record::<evidence::Custody>()),
        ("verification", record::<evidence::VerificationRecord>()),
        ("scan", record::<evidence::ScanRecord>()),
        ("contents", record::<evidence::ContentsRecord>()),
        ("publisher", record::<evidence::PublisherRecord>()),
        ("verdicts", record::<evidence::Verdicts>()),
        ("images-lock", record::<evidence::ImagesLock>()),
        ("advisories-lock", record::<evidence::AdvisoriesLock>()),
        ("rescan", record::<evidence::RescanRecord>()),
        ("registries-lock", record::<evidence::RegistriesLock>()),
        ("carry", record::<carry::CarryIndex>()),
    ]
    .map(|(name, schema)| (format!("records/{name}.v1alpha1.json"), with_version(name, schema)));
    let all = [("fondaco.schema.json".to_owned(), any())];
    let named = |(path, schema): (String, Value)| {
        let schema = with_id(&path, schema);
        (path, canonical::to_text(&schema).expect("schemas hold no floating-point numbers"))
    };
    kinds.into_iter().chain(all).chain(records).map(named).collect()
}

fn file(kind: Kind) -> String {
    format!("{}.v1alpha1.json", kind.name().to_lowercase())
}

fn document(kind: Kind) -> Value {
    let mut schema = match kind {
        Kind::Mirror => manifest::<Document<MirrorSpec>>(),
        Kind::Registry => manifest::<Document<RegistrySpec, RegistryMetadata>>(),
        Kind::ImageSet => manifest::<Document<ImageSetSpec>>(),
        Kind::Consumer => manifest::<Document<ConsumerSpec>>(),
        Kind::Gate => manifest::<Document<GateSpec>>(),
        Kind::TrustPolicy => manifest::<Document<TrustPolicySpec>>(),
        Kind::Withdrawal => manifest::<Document<WithdrawalSpec>>(),
    };
    let description = format!("What the document is: a document of kind `{}`.", kind.name());
    schema["properties"]["kind"] = json!({"const": kind.name(), "description": description});
    schema
}

fn manifest<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().with_transform(NothingIsNoValue);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

fn record<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().for_serialize().with_transform(NothingElse);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Says which record this is: the struct holds the name as text.
fn with_version(name: &str, mut schema: Value) -> Value {
    schema["properties"]["schema"] = json!({"const": format!("fondaco/{name}/v1alpha1"), "description": "Which record this is, and its version."});
    schema
}

/// The `$id` is the file's own name, so that a vendored folder of schemas resolves without a network.
fn with_id(path: &str, mut schema: Value) -> Value {
    schema["$id"] = Value::from(path.rsplit('/').next().unwrap_or(path));
    schema
}

/// One schema for files with documents of several kinds, told apart by `kind`.
fn any() -> Value {
    let mut definitions = Map::new();
    for kind in Kind::ALL {
        definitions.insert(kind.name().to_owned(), bundled(kind));
    }
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Fondaco manifest",
        "description": "A document of a manifest repository; `kind` says which.",
        "oneOf": Kind::ALL.map(|kind| json!({"$ref": format!("#/definitions/{}", kind.name())})),
        "definitions": definitions,
    })
}

/// A kind's schema as a definition: its own definitions are reached through it.
fn bundled(kind: Kind) -> Value {
    let mut schema = of(kind).clone();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
    }
    moved(&mut schema, &format!("#/definitions/{}/definitions/", kind.name()));
    schema
}

fn moved(schema: &mut Value, to: &str) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match value.as_str().and_then(|text| text.strip_prefix("#/definitions/")) {
                    Some(name) if key == "$ref" => *value = Value::from(format!("{to}{name}")),
                    _ => moved(value, to),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| moved(item, to)),
        _ => {}
    }
}

/// Closes every object of a record: what is not described is not written.
#[derive(Debug, Clone)]
struct NothingElse;

impl Transform for NothingElse {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        unwrapped(schema);
        if schema.get("properties").is_some() {
            schema.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
}

/// Takes the line ends of source code out of a description: editors show it in their own width.
fn unwrapped(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        let paragraphs: Vec<_> = description.split("\n\n").map(|text| text.replace('\n', " ")).collect();
        *description = paragraphs.join("\n\n");
    }
}

/// Takes `null` out of every schema: a key without a value is a mistake, not a default.
#[derive(Debug, Clone)]
struct NothingIsNoValue;

impl Transform for NothingIsNoValue {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        unwrapped(schema);
        let Some(object) = schema.as_object_mut() else { return };
        let null = json!({"type": "null"});
        if let Some(types) = object.get_mut("type") {
            let rest = types
                .as_array()
                .map(|types| types.iter().filter(|t| **t != "null").cloned().collect::<Vec<_>>());
            if let Some([only]) = rest.as_deref() {
                *types = only.clone();
            }
        }
        let Some(options) = object.get_mut("anyOf").and_then(Value::as_array_mut) else { return };
        options.retain(|option| *option != null);
        if let [only] = options.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            object.insert("allOf".to_owned(), json!([only]));
        }
        if object.get("default") == Some(&Value::Null) {
            object.remove("default");
        }
    }
}
