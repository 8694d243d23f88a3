//! The check and the JSON Schemas say the same.

use super::*;

/// Schemas that editors see and values that only the check sees must not drift apart: every form is in a schema.
#[test]
fn every_form_of_text_is_used_and_every_definition_of_text_is_a_form() {
    let all = schemas();
    for form in text::forms() {
        assert!(
            all.values().any(|schema| schema.contains(&format!("#/definitions/{}\"", form.name))),
            "{}",
            form.name
        );
    }
}
