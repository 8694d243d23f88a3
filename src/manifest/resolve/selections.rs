//! One selection: its texts to a rule, and what its keys mean to each other.

use super::Object;
use crate::manifest::kinds::Selection;
use crate::manifest::mistakes::Mistakes;
use crate::manifest::{Code, Diagnostic};
use crate::model::{TagRule, tag_rule};

/// The most exclusions of one selection: each is tried on every tag.
const EXCLUSIONS_MAX: usize = 64;

/// Returns the rule of a selection, or `None` where it is not one; why is reported.
pub(super) fn rule(
    object: &Object<'_>,
    select: &Selection,
    path: &str,
    out: &mut Mistakes,
) -> Option<TagRule> {
    let rule = TagRule {
        semver: select.semver.as_ref().map(|range| range.0.clone()),
        floating: select.floating.unwrap_or(false),
        regex: select.regex.as_ref().map(|regex| regex.0.clone()),
        order_by: select.order_by.iter().flatten().map(|name| name.0.clone()).collect(),
        newest: select.newest.map(|count| count as usize),
        exclude: select.exclude.iter().flatten().map(|regex| regex.0.clone()).collect(),
    };
    let mut report = |key: &str, message: String, help: &str| {
        let code = if key.is_empty() { Code::MissingKey } else { Code::InvalidValue };
        let at = if key.is_empty() { path.to_owned() } else { format!("{path}.{key}") };
        out.push(Diagnostic::new(code, message, object.place(&at)).help(help.to_owned()));
    };
    let captures = captures(&rule);
    let mut fine = true;
    for (key, message, help) in mistakes(&rule, select, captures.as_deref()) {
        // What is left out because it is wrong has been reported, and may have been what is missed here.
        if !object.flawed {
            report(key, message, help);
        }
        fine = false;
    }
    (fine && rule.chooser().is_ok()).then_some(rule)
}

/// Returns the captures of the pattern; `None` where there is no pattern.
fn captures(rule: &TagRule) -> Option<Vec<String>> {
    let pattern = tag_rule::pattern(rule.regex.as_ref()?).ok()?;
    Some(tag_rule::captures(&pattern))
}

/// A key, what is wrong with it, and what would be right.
type Mistake = (&'static str, String, &'static str);

fn mistakes(rule: &TagRule, select: &Selection, captures: Option<&[String]>) -> Vec<Mistake> {
    let mut found: Vec<Mistake> = vec![];
    if rule.semver.is_none() && rule.regex.is_none() {
        let message = "a selection needs `semver`, `regex` or both".to_owned();
        found.push(("", message, "`regex: '.*'` chooses every tag"));
        return found;
    }
    if select.floating.is_some() && rule.semver.is_none() {
        let message = "`floating` says how tags match `semver`, which is not there".to_owned();
        found.push(("floating", message, "what a `regex` matches is chosen, floating or not"));
    }
    if select.order_by.is_some() && rule.semver.is_some() {
        let message = "`semver` orders tags already".to_owned();
        found.push(("orderBy", message, "leave out one of `semver` and `orderBy`"));
    } else if select.order_by.is_some() && captures.is_none() {
        let message = "`orderBy` names captures of `regex`, which is not there".to_owned();
        found.push(("orderBy", message, "captures are written `(?<name>…)`"));
    }
    let named = captures.unwrap_or_default();
    if let Some(unknown) = rule.order_by.iter().find(|name| captures.is_some() && !named.contains(name)) {
        let known: Vec<_> = named.iter().map(|name| format!("`{name}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let message = format!("`regex` has no capture `{unknown}`; its captures: {known}");
        found.push(("orderBy", message, "captures are written `(?<name>…)`"));
    }
    if rule.newest.is_some() && rule.semver.is_none() && named.is_empty() {
        let message = "`newest` needs an order, and nothing says one".to_owned();
        let help =
            "a registry's list has no order: add `semver`, or captures to `regex`, such as `(?<major>\\d+)`";
        found.push(("newest", message, help));
    }
    if rule.exclude.len() > EXCLUSIONS_MAX {
        let message = format!("{} exclusions, more than {EXCLUSIONS_MAX}", rule.exclude.len());
        found.push(("exclude", message, "join them with `|`"));
    }
    found
}
