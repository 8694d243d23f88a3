//! Mistakes in manifests: a closed set of codes, and the place each was made.
//!
//! Nothing is printed here; the text for people is made in [`super::display`].

use serde::{Serialize, Serializer};

/// Where something is written. Lines, columns and widths count from one, in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// Path of the manifest, relative to the manifest repository.
    pub file: String,
    pub line: usize,
    pub column: usize,
    /// Characters to underline, on that line.
    pub width: usize,
}

impl Place {
    /// Returns `gates/standard.yaml:6`.
    pub fn short(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// One mistake. All mistakes of all manifests are found before anything is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    pub code: Code,
    /// What is wrong, in one line.
    pub message: String,
    /// Absent where nothing that is written is wrong, but something is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// A few words for the underline, such as `did you mean …`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What would be right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn new(code: Code, message: impl Into<String>, at: impl Into<Option<Place>>) -> Self {
        Self { code, message: message.into(), at: at.into(), label: None, help: None }
    }

    #[must_use]
    pub fn label(mut self, label: impl Into<Option<String>>) -> Self {
        self.label = label.into();
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }
}

impl Code {
    /// Returns whether nothing behind the mistake was read.
    pub(super) const fn stops_reading(self) -> bool {
        use Code::{Syntax, TooDeep, TooLarge, TooManyDocuments, TooManyNodes, Unsupported};
        matches!(self, Syntax | TooLarge | TooDeep | TooManyDocuments | TooManyNodes | Unsupported)
    }
}

macro_rules! codes {
    ($($name:ident = $id:literal, $description:literal;)*) => {
        /// What kind of mistake. `F01…` is wrong within one document, `F02…` between documents. Codes keep their meaning
        /// for good: people search for them and suppress them by number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $description] $name,)* }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the number that is printed, `F0107`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// Returns one sentence on what the code means, for rule lists and documentation.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$name => $description,)* }
            }
        }
    };
}

codes! {
    Syntax = "F0101", "The file is not valid YAML.";
    TooLarge = "F0102", "The file is larger than a manifest may be.";
    TooDeep = "F0103", "Lists and maps are nested deeper than a manifest may nest them.";
    TooManyDocuments = "F0104", "The file holds more documents than one file may.";
    TooManyNodes = "F0105", "The file, with its aliases expanded, holds more values than a manifest may.";
    DuplicateKey = "F0106", "A map has the same key twice.";
    UnknownKey = "F0107", "A map has a key that its kind does not know.";
    WrongType = "F0108", "A value has another type than its key asks for.";
    MissingKey = "F0109", "A required key is missing.";
    InvalidValue = "F0110", "A value has the right type but not the right form.";
    UnknownKind = "F0111", "The document's kind does not exist.";
    UnknownVersion = "F0112", "The document's apiVersion is not supported.";
    Unsupported = "F0113", "The file uses a part of YAML that manifests do not use.";
    Ambiguous = "F0114", "Two YAML readers do not agree on what the document says.";
    TooManyMistakes = "F0115", "The file has more mistakes than are shown.";
    NoMirror = "F0201", "No document of kind Mirror exists.";
    SeveralMirrors = "F0202", "More than one document of kind Mirror exists.";
    UndefinedName = "F0203", "A document names another document that does not exist.";
    DuplicateName = "F0204", "Two documents of one kind have the same name, or two registries the same host.";
    DuplicateItem = "F0205", "A list names the same thing twice.";
    DestinationConflict = "F0206", "Two images claim the same tag of the same distribution.";
    InsideQuarantine = "F0207", "A distribution lies inside the quarantine.";
    MissingFile = "F0208", "A document names a file that is not there.";
    TrustConflict = "F0209", "One image is asked for under two trust policies.";
    TooManyDistributions = "F0210", "The consumers ask for more tags together than a mirror may hold.";
    TooManySelections = "F0211", "The image sets hold more selections than one run may list tags for.";
    ContentConflict = "F0220", "Two entries ask for different platforms or treatments of one repository.";
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}
