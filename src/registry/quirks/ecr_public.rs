//! Amazon ECR Public.

use super::{Known, Quirk, RegistryKind};
use crate::registry::{ActionGroup, Behaviour, Rate};

pub(super) static KNOWN: Known = Known {
    kind: RegistryKind::EcrPublic,
    name: "ecrPublic",
    product: "Amazon ECR Public",
    recognises: |host| matches!(host, "public.ecr.aws" | "ecr-public.aws.com"),
    behaviour: || Behaviour {
        rates: vec![
            Rate::new(ActionGroup::ManifestWrite, 1, 1),
            Rate::new(ActionGroup::UploadStart, 10, 1),
            Rate::new(ActionGroup::UploadBody, 50, 1),
        ],
        ..Behaviour::default()
    },
    quirks: &[Quirk {
        name: "rates",
        does: "allows a tenth of what Amazon ECR allows",
        rule: "separate rates",
        sets: &["rates"],
        sources: &["clowdhaus/ocync: docs/src/content/design/engine.md"],
    }],
};
