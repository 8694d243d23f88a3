//! `fondaco sbom check`: one file against one standard.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};

use crate::{
    catalogue::check::{self, FILE_BYTES_MAX, Profile},
    cli::{Exit, show},
    ui::Ui,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// SBOM to check; `-` reads standard input.
    file: PathBuf,
    /// What it is held against.
    #[arg(long, value_enum, default_value_t = Standard::Bsi)]
    profile: Standard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Standard {
    /// BSI TR-03183-2 v2.1.0.
    Bsi,
    /// NTIA, The Minimum Elements For a Software Bill of Materials (2021).
    Ntia,
    /// CISA, 2025 Minimum Elements for a Software Bill of Materials (draft).
    #[value(name = "cisa-2025")]
    Cisa2025,
}

impl From<Standard> for Profile {
    fn from(standard: Standard) -> Self {
        match standard {
            Standard::Bsi => Self::Bsi,
            Standard::Ntia => Self::Ntia,
            Standard::Cisa2025 => Self::Cisa2025,
        }
    }
}

pub(super) fn run(arguments: &Arguments, ui: &Ui) -> Exit {
    let file = arguments.file.display();
    let bytes = match read(&arguments.file) {
        Ok(bytes) => bytes,
        Err(error) => {
            ui.error(&format!("`{file}` cannot be read: {error}"));
            return Exit::ManifestInvalid;
        }
    };
    match check::check(&bytes, arguments.profile.into()) {
        Ok(report) => {
            show(ui, &report.text(), &serde_json::to_value(&report).unwrap_or_default());
            if report.falls_short { Exit::Failed } else { Exit::Done }
        }
        Err(error) => {
            ui.error(&format!("`{file}` is not checked: {error}"));
            Exit::ManifestInvalid
        }
    }
}

/// Reads a file or standard input, one byte past the limit at most, which is then found to be too much.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let source: Box<dyn Read> = match path.to_str() {
        Some("-") => Box::new(io::stdin()),
        _ => Box::new(File::open(path)?),
    };
    let mut bytes = vec![];
    source.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
