//! A manifest repository whose policy names a trust root, and the program that works on it.

use std::{
    fs,
    process::{Command, Output},
};

use fondaco::{
    demo,
    model::{Instant, canonical},
    trust::{
        root::{Instance, Record, Root},
        sign,
    },
};
use serde_json::{Value, json};

use crate::scenario::{Scenario, manifests};

pub(super) const ROOT: &str = "trust/own.trusted_root.json";
const RECORD: &str = "trust/own.tuf.json";

const POLICY: &str = "---
apiVersion: fondaco/v1alpha1
kind: TrustPolicy
metadata: {name: publisher}
spec:
  root: trust/own.trusted_root.json
  identities: [{name: web, issuer: \"https://token.example\", identity: web@acme.example}]
  absent: record
";

/// Returns a trust root of one log that began in 2021 and ends when this says.
pub(super) fn root(end: Option<&str>) -> String {
    let embedded: Value = serde_json::from_str(Instance::PublicGood.embedded().unwrap().text()).unwrap();
    let mut log = embedded["tlogs"][0].clone();
    log["publicKey"]["validFor"] = json!({"start": "2021-01-12T11:53:27Z"});
    if let Some(end) = end {
        log["publicKey"]["validFor"]["end"] = end.into();
    }
    let root = json!({"mediaType": embedded["mediaType"], "tlogs": [log]});
    Root::read(root.to_string().as_bytes()).unwrap().text().to_owned()
}

/// A mirror of the demo's upstream with a policy for its one image.
pub(super) struct Mirror {
    pub(super) scenario: Scenario,
    tip: String,
}

impl Mirror {
    /// `source` and `checked` are what the record beside the root says.
    pub(super) fn new(root: &str, source: &str, checked: Instant) -> Self {
        let digest = Root::read(root.as_bytes()).unwrap().digest();
        let schema = "fondaco/trust-root/v1alpha1".to_owned();
        let record = Record { schema, source: source.to_owned(), root: digest, checked, roles: [].into() };
        let record = canonical::to_text(&record).unwrap();
        let asked = manifests(&[("library/nginx", "1.28")], "signature: optional");
        let asked = asked.replace("tags: [\"1.28\"]", "tags: [\"1.28\"], trust: publisher") + POLICY;
        let scenario = Scenario::new(&asked);
        let files = [("fondaco.yaml", asked.as_str()), (ROOT, root), (RECORD, &record)];
        let tip = scenario.push(&files[1..]).to_string();
        let work = scenario.path("manifests");
        for (path, text) in files {
            fs::create_dir_all(work.join(path).parent().unwrap()).unwrap();
            fs::write(work.join(path), text).unwrap();
        }
        let (sealed, _) = sign::seal(&demo::organisation_scalar(), b"test").unwrap();
        fs::create_dir_all(work.join("keys")).unwrap();
        fs::write(work.join("keys/acme.key"), sealed).unwrap();
        Self { scenario, tip }
    }

    /// Runs a verb of the program. Whatever it would ask of a host by HTTP or HTTPS goes to `proxy`, where there is one.
    pub(super) fn run(&self, verb: &[&str], proxy: Option<&str>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fondaco"));
        command.args(verb).arg("--repository").arg(self.scenario.path("manifests"));
        if ["plan", "doctor", "trust"].contains(&verb[0]) && verb.get(1) != Some(&"refresh") {
            command.args(["--revision", &self.tip]);
        }
        command.env("HOME", self.scenario.path("home")).env("FONDACO_CACHE", self.scenario.path("cache"));
        command.env("FONDACO_KEY_PASSWORD", "test").env("CI", "true").env("NO_COLOR", "1");
        for name in ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"] {
            match proxy {
                Some(proxy) => command.env(name, proxy),
                None => command.env_remove(name),
            };
        }
        command.env_remove("no_proxy").env_remove("NO_PROXY").env_remove("FONDACO_REPOSITORY");
        command.current_dir(self.scenario.folder.path()).output().unwrap()
    }
}
