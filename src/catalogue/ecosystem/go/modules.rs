//! The list of modules in a Go program, one a line with tabs between the columns: `path`, `mod`, `dep`, `=>` and `build`
//! (`ParseBuildInfo` of package `runtime/debug`).

/// The version of a module that was built from a checkout.
pub(super) const DEVEL: &str = "(devel)";

/// What `go build FILE` names as its main module.
const NO_MODULE: &str = "command-line-arguments";

/// The most lines that are read; the largest known programs have some 1,500 modules.
const LINES_MAX: usize = 20_000;

/// The longest path of a module, the limit of a URL in most servers.
const PATH_BYTES_MAX: usize = 2048;

/// The longest value of a setting that is kept.
const SETTING_BYTES_MAX: usize = 64 * 1024;

/// One module and what was built instead of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Module {
    pub path: String,
    pub version: String,
    /// Path and version of its replacement.
    pub replaced: Option<(String, String)>,
}

/// Everything the list says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    pub main: Option<Module>,
    pub dependencies: Vec<Module>,
    /// Settings that tell a version: `-ldflags`, `vcs.revision`, `vcs.time`.
    pub settings: Settings,
    /// Lines that are no list of modules, or are too many.
    pub unreadable: u64,
}

/// Settings of the build that tell of versions; empty where absent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    pub ldflags: String,
    pub revision: String,
    pub time: String,
}

impl Module {
    /// Returns the path of what was really built: a replacement by a directory keeps the module's own.
    pub(super) fn effective_path(&self) -> &str {
        match &self.replaced {
            Some((path, _)) if !is_directory(path) => path,
            _ => &self.path,
        }
    }

    /// Returns the version of what was really built; empty for a directory.
    pub(super) fn effective_version(&self) -> &str {
        self.replaced.as_ref().map_or(&self.version, |(_, version)| version)
    }
}

/// Returns whether a replacement is a directory of the machine that built it.
fn is_directory(path: &str) -> bool {
    path.starts_with(['.', '/', '\\']) || path.as_bytes().get(1) == Some(&b':')
}

/// Returns whether a path is one that Go accepts for a module or package (`golang.org/x/mod/module`).
pub(super) fn is_path(path: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~/+!".contains(&b);
    (1..=PATH_BYTES_MAX).contains(&path.len())
        && path.bytes().all(allowed)
        && path.split('/').all(|segment| !matches!(segment, "" | "." | ".."))
}

/// Reads the list.
pub(super) fn parse(text: &str) -> Listed {
    let mut listed = Listed::default();
    let mut package = None;
    for (number, line) in text.lines().enumerate() {
        if number >= LINES_MAX {
            listed.unreadable += 1;
            break;
        }
        let (key, rest) = line.split_once('\t').unwrap_or((line, ""));
        match key {
            "path" => package = Some(rest),
            "mod" => set(&mut listed, module(rest), true),
            "dep" => set(&mut listed, module(rest), false),
            "=>" => replace(&mut listed, rest),
            "build" => setting(&mut listed.settings, rest),
            _ => {}
        }
    }
    choose_main(&mut listed, package);
    listed
}

fn set(listed: &mut Listed, module: Option<Module>, is_main: bool) {
    match module {
        None => listed.unreadable += 1,
        Some(module) if is_main => listed.main = Some(module),
        Some(module) => listed.dependencies.push(module),
    }
}

fn module(rest: &str) -> Option<Module> {
    let mut columns = rest.split('\t');
    let path = columns.next().filter(|path| !path.is_empty())?;
    Some(Module { path: path.to_owned(), version: columns.next()?.to_owned(), replaced: None })
}

/// A replacement speaks of the line above it.
fn replace(listed: &mut Listed, rest: &str) {
    let replaced = module(rest).map(|module| (module.path, module.version));
    match (replaced, listed.dependencies.last_mut().or(listed.main.as_mut())) {
        (Some(replaced), Some(last)) => last.replaced = Some(replaced),
        _ => listed.unreadable += 1,
    }
}

fn setting(settings: &mut Settings, rest: &str) {
    let Some((key, value)) = rest.split_once('=') else { return };
    let slot = match key {
        "-ldflags" => &mut settings.ldflags,
        "vcs.revision" => &mut settings.revision,
        "vcs.time" => &mut settings.time,
        _ => return,
    };
    if value.len() <= SETTING_BYTES_MAX {
        *slot = unquoted(value);
    }
}

/// Returns a value without Go's quotes; of escapes only those of quotes and backslashes stand in flags.
fn unquoted(value: &str) -> String {
    if let Some(raw) = value.strip_prefix('`').and_then(|value| value.strip_suffix('`')) {
        return raw.to_owned();
    }
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.to_owned(),
    }
}

/// Programs that were built without a module, from a file or by another build tool, name none or a stand-in: the only
/// module of the checkout is it then, else the package.
fn choose_main(listed: &mut Listed, package: Option<&str>) {
    if listed.main.as_ref().is_some_and(|main| main.path != NO_MODULE) {
        listed.dependencies.retain(|module| Some(module) != listed.main.as_ref());
        return;
    }
    let is_own = |module: &Module| module.version == DEVEL;
    let mut own = listed.dependencies.iter().enumerate().filter(|(_, module)| is_own(module));
    listed.main = match (own.next().map(|(index, _)| index), own.next()) {
        (Some(index), None) => Some(listed.dependencies.remove(index)),
        _ => package.filter(|path| !path.is_empty()).map(|path| Module {
            path: path.to_owned(),
            version: DEVEL.to_owned(),
            replaced: None,
        }),
    };
}
