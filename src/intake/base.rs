//! What an image says of the image it was built on. Pure.

use std::collections::BTreeMap;

use super::inside::cut;
use crate::evidence::{BaseRecord, BaseStated};
use crate::model::{HistoryEntry, ImageConfig};

/// Keys that name the base image (OCI image specification, `annotations.md`).
const NAME: &str = "org.opencontainers.image.base.name";
const DIGEST: &str = "org.opencontainers.image.base.digest";

/// How a builder without BuildKit writes a step that makes no layer.
const NO_LAYER: &str = "/bin/sh -c #(nop)";

/// Returns what is stated, and what the history hints at; `None` where there is neither.
pub(super) fn record(
    annotations: &BTreeMap<String, String>,
    config: &ImageConfig,
    layers: usize,
) -> Option<BaseRecord> {
    let stated = stated(annotations, "annotation").or_else(|| stated(&config.config.labels, "label"));
    let record = BaseRecord { stated, history_layers: boundary(&config.history, layers) };
    (record != BaseRecord::default()).then_some(record)
}

fn stated(texts: &BTreeMap<String, String>, by: &str) -> Option<BaseStated> {
    let name = texts.get(NAME).map(|text| cut(text)).filter(|text| !text.is_empty());
    let digest = texts.get(DIGEST).and_then(|text| text.parse().ok());
    (name.is_some() || digest.is_some()).then(|| BaseStated { name, digest, by: by.to_owned() })
}

/// Returns how many layers there are below the last command or entry point that is set before the top layers: a base
/// image ends with one. Nothing where the history does not fit the layers.
fn boundary(history: &[HistoryEntry], layers: usize) -> Option<u64> {
    let made = |steps: &[HistoryEntry]| steps.iter().filter(|step| !step.empty_layer).count();
    if made(history) != layers {
        return None;
    }
    let ends = |step: &HistoryEntry| {
        let text = step.created_by.strip_prefix(NO_LAYER).unwrap_or(&step.created_by).trim_start();
        step.empty_layer && (text.starts_with("CMD ") || text.starts_with("ENTRYPOINT "))
    };
    let below = |at: usize| made(&history[..at]);
    let boundary = (0..history.len()).rev().filter(|at| ends(&history[*at])).map(below);
    boundary.into_iter().find(|below| *below < layers).filter(|below| *below > 0).map(|below| below as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(history: &[(&str, bool)], labels: &str) -> ImageConfig {
        let steps = history.iter().map(|(text, empty)| {
            format!("{{\"created_by\": {}, \"empty_layer\": {empty}}}", serde_json::to_string(text).unwrap())
        });
        let steps: Vec<String> = steps.collect();
        let text =
            format!("{{\"config\": {{\"Labels\": {{{labels}}}}}, \"history\": [{}]}}", steps.join(","));
        serde_json::from_str(&text).unwrap()
    }

    /// Steps as `(text, whether it made no layer)`, the number of layers, and what is expected.
    type Case<'a> = (&'a [(&'a str, bool)], usize, Option<u64>);

    #[test]
    fn history_hints_at_where_a_base_ends() {
        let debian = ("/bin/sh -c #(nop) ADD file:1 in / ", false);
        let bash = ("/bin/sh -c #(nop)  CMD [\"bash\"]", true);
        let run = ("RUN /bin/sh -c apt-get install -y nginx # buildkit", false);
        let copy = ("COPY app /app # buildkit", false);
        let own = ("CMD [\"nginx\"]", true);
        let env = ("ENV A=CMD b", true);
        let cases: [Case<'_>; 9] = [
            (&[debian, bash], 1, None),
            (&[debian, bash, run], 2, Some(1)),
            (&[debian, bash, env, run, own], 2, Some(1)),
            (&[debian, bash, run, own, copy, own], 3, Some(2)),
            (&[debian, bash, run, ("ENTRYPOINT [\"/entry\"]", true), copy], 3, Some(2)),
            (&[debian, run, own], 2, None),
            (&[bash, debian, own], 1, None),
            // A step that only runs a program of that name, and a history of other layers.
            (&[debian, ("RUN CMD x", true), run], 2, None),
            (&[debian, bash, run], 5, None),
        ];
        for (history, layers, expected) in cases {
            assert_eq!(boundary(&config(history, "").history, layers), expected, "{history:?}");
        }
    }

    #[test]
    fn annotations_come_before_labels_and_a_broken_digest_is_none() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let annotations = BTreeMap::from([
            (NAME.to_owned(), "docker.io/library/debian:12".to_owned()),
            (DIGEST.to_owned(), digest.clone()),
        ]);
        let labelled = config(&[], &format!("\"{NAME}\": \"other\\u0007\", \"{DIGEST}\": \"sha256:zz\""));
        let of = |annotations| record(annotations, &labelled, 0).unwrap().stated.unwrap();
        let stated = of(&annotations);
        assert_eq!((stated.by.as_str(), stated.digest), ("annotation", Some(digest.parse().unwrap())));
        let stated = of(&BTreeMap::new());
        assert_eq!(
            (stated.by.as_str(), stated.name.as_deref(), stated.digest),
            ("label", Some("other"), None)
        );
        assert_eq!(record(&BTreeMap::new(), &config(&[], ""), 0), None);
    }
}
