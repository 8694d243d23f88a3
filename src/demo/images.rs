//! The images of the demonstration's upstream registry.
//!
//! To add one: write its function, then name it in [`all`].

use super::{
    archive::{Encoding, Entry},
    packages::{self, Deb},
};
use crate::model::Platform;

/// An image under one tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) repository: &'static str,
    pub(super) tag: &'static str,
    pub(super) title: &'static str,
    pub(super) user: &'static str,
    pub(super) entrypoint: Vec<&'static str>,
    pub(super) ports: Vec<&'static str>,
    pub(super) platforms: Vec<PlatformImage>,
}

/// An image for one platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlatformImage {
    pub(super) platform: Platform,
    pub(super) layers: Vec<Layer>,
}

/// One layer, bottom first in its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layer {
    pub(super) encoding: Encoding,
    /// What the image's history says.
    pub(super) made_by: &'static str,
    pub(super) entries: Vec<Entry>,
}

/// Returns every image, one for each repository.
pub(super) fn all() -> [Image; 4] {
    [nginx(), redis(), postgres(), distroless()]
}

/// Two platforms, and a signature once its publisher has signed: cleared for everybody.
fn nginx() -> Image {
    let platform = |architecture: &str| PlatformImage {
        platform: linux(architecture),
        layers: vec![
            debian_base(architecture),
            debian_top(Encoding::Zstd, architecture, packages::NGINX, "nginx", "usr/sbin/nginx"),
        ],
    };
    Image {
        repository: super::SIGNED_REPOSITORY,
        tag: "1.28",
        title: "nginx",
        user: "",
        entrypoint: vec!["/usr/sbin/nginx", "-g", "daemon off;"],
        ports: vec!["80/tcp"],
        platforms: vec![platform("amd64"), platform("arm64")],
    }
}

/// A package with a critical example advisory: refused for everybody.
fn redis() -> Image {
    Image {
        repository: "library/redis",
        tag: "7.2",
        title: "redis",
        user: "999",
        entrypoint: vec!["/usr/bin/redis-server"],
        ports: vec!["6379/tcp"],
        platforms: vec![PlatformImage {
            platform: linux("amd64"),
            layers: vec![
                debian_base("amd64"),
                debian_top(Encoding::Tar, "amd64", packages::REDIS, "redis", "usr/bin/redis-server"),
            ],
        }],
    }
}

/// A package with an example advisory whose severity nobody states: held where the gate waits for one.
fn postgres() -> Image {
    let entries = vec![
        Entry::Directory("etc"),
        Entry::Link("etc/os-release", "../usr/lib/os-release"),
        Entry::file("etc/alpine-release", "3.22.1\n"),
        Entry::Directory("lib"),
        Entry::Directory("lib/apk"),
        Entry::Directory("lib/apk/db"),
        Entry::file("lib/apk/db/installed", packages::installed(packages::POSTGRES, "x86_64")),
        Entry::Directory("usr"),
        Entry::Directory("usr/bin"),
        Entry::Program("usr/bin/postgres"),
        Entry::Directory("usr/lib"),
        Entry::file("usr/lib/os-release", packages::ALPINE_RELEASE),
    ];
    Image {
        repository: "library/postgres",
        tag: "17",
        title: "postgres",
        user: "70",
        entrypoint: vec!["/usr/bin/postgres"],
        ports: vec!["5432/tcp"],
        platforms: vec![PlatformImage {
            platform: linux("amd64"),
            layers: vec![Layer {
                encoding: Encoding::Gzip,
                made_by: "demonstration: Alpine and postgres",
                entries,
            }],
        }],
    }
}

/// Debian packages without a package manager: `status.d` holds one file for each.
fn distroless() -> Image {
    let mut entries = vec![
        Entry::Directory("etc"),
        Entry::Link("etc/os-release", "../usr/lib/os-release"),
        Entry::Directory("usr"),
        Entry::Directory("usr/lib"),
        Entry::file("usr/lib/os-release", packages::DISTROLESS_RELEASE),
        Entry::Directory("var"),
        Entry::Directory("var/lib"),
        Entry::Directory("var/lib/dpkg"),
        Entry::Directory("var/lib/dpkg/status.d"),
    ];
    for package in packages::STATIC {
        let path = format!("var/lib/dpkg/status.d/{}", package.name);
        // Such images keep the checksums of a package's files beside its paragraph; they are no paragraphs.
        entries.push(Entry::file(
            format!("{path}.md5sums"),
            "d41d8cd98f00b204e9800998ecf8427e  usr/share/doc\n",
        ));
        entries.push(Entry::file(path, package.paragraph("amd64")));
    }
    Image {
        repository: "distroless/static",
        tag: "latest",
        title: "static",
        user: "65532",
        entrypoint: vec![],
        ports: vec![],
        platforms: vec![PlatformImage {
            platform: linux("amd64"),
            layers: vec![Layer { encoding: Encoding::Gzip, made_by: "demonstration: distroless", entries }],
        }],
    }
}

fn linux(architecture: &str) -> Platform {
    Platform {
        os: "linux".to_owned(),
        architecture: architecture.to_owned(),
        variant: None,
        os_version: None,
    }
}

fn debian_base(architecture: &str) -> Layer {
    let entries = vec![
        Entry::Directory("etc"),
        Entry::Link("etc/os-release", "../usr/lib/os-release"),
        Entry::file("etc/debian_version", "12.12\n"),
        Entry::Directory("usr"),
        Entry::Directory("usr/bin"),
        Entry::Program("usr/bin/bash"),
        Entry::Directory("usr/lib"),
        Entry::file("usr/lib/os-release", packages::DEBIAN_RELEASE),
        Entry::Directory("var"),
        Entry::Directory("var/lib"),
        Entry::Directory("var/lib/dpkg"),
        Entry::file("var/lib/dpkg/status", packages::status(packages::BASE, architecture)),
        Entry::Directory("var/lib/apt"),
        Entry::file("var/lib/apt/extended_states", "Package: wget\nAuto-Installed: 1\n"),
    ];
    Layer { encoding: Encoding::Gzip, made_by: "demonstration: Debian 12", entries }
}

/// A layer that replaces the package database below it and removes a file of it, as installing does.
fn debian_top(
    encoding: Encoding,
    architecture: &str,
    added: &[Deb],
    name: &str,
    program: &'static str,
) -> Layer {
    let mut packages: Vec<Deb> = packages::BASE.iter().chain(added).copied().collect();
    packages.sort_by_key(|package| package.name);
    let entries = vec![
        Entry::Program(program),
        Entry::file(format!("usr/share/doc/{name}/README"), "A demonstration image; it holds no software.\n"),
        Entry::file("var/lib/apt/.wh.extended_states", ""),
        Entry::file("var/lib/dpkg/status", packages::status(&packages, architecture)),
    ];
    Layer { encoding, made_by: "demonstration: one package", entries }
}
