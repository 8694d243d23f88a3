//! Container runtimes and hypervisors among the components of an image: candidates, never a classification.
//!
//! Regulation (EU) 2024/2847, Annex III, class II, point 1. What a product is follows from its core functionality, which
//! only its maker can state: this module tells what was found and how. A library for a runtime is none: programs of all
//! kinds import the client of containerd.

use super::Component;
use super::found::Form;
use crate::model::Ecosystem;

/// A product of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Product {
    /// As its publisher writes it: `containerd`.
    pub name: &'static str,
    pub publisher: &'static str,
    pub kind: Runtime,
}

/// What kind of candidate a product is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Runtime {
    /// Manages the life of containers and their images.
    High,
    /// Starts and isolates one container.
    Low,
    Hypervisor,
    /// Adds to a runtime, or carries one.
    Wrapper,
}

/// How a component was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    /// By the name of a package of the distribution.
    Package,
    /// By the main module or root crate of a program.
    MainModule,
    /// By the name of a file and the texts in it.
    Binary,
}

/// One row: how a product is recognised.
struct Row {
    product: Product,
    /// Packages of Debian, Alpine, Red Hat and others; a `*` at the end stands for anything.
    packages: &'static [&'static str],
    /// Paths of Go main modules, without their major version, and of what lies below them.
    modules: &'static [&'static str],
    /// Names of root crates.
    crates: &'static [&'static str],
    /// Names in the table of known binaries, each with the files that are the product.
    binaries: &'static [(&'static str, &'static [&'static str])],
}

const fn row(
    name: &'static str,
    publisher: &'static str,
    kind: Runtime,
    packages: &'static [&'static str],
    modules: &'static [&'static str],
) -> Row {
    Row { product: Product { name, publisher, kind }, packages, modules, crates: &[], binaries: &[] }
}

const ROWS: &[Row] = &[
    row(
        "Apptainer",
        "Linux Foundation",
        Runtime::High,
        &["apptainer", "singularity-container"],
        &["github.com/apptainer/apptainer"],
    ),
    row(
        "BuildKit",
        "Docker, Inc.",
        Runtime::Wrapper,
        &["buildkit", "docker-buildx"],
        &["github.com/moby/buildkit"],
    ),
    Row {
        crates: &["cloud-hypervisor"],
        binaries: &[("cloud-hypervisor", &["cloud-hypervisor"])],
        ..row("Cloud Hypervisor", "Linux Foundation", Runtime::Hypervisor, &["cloud-hypervisor"], &[])
    },
    row(
        "containerd",
        "Cloud Native Computing Foundation",
        Runtime::High,
        &["containerd", "containerd.io", "containerd-app", "containerd-stable"],
        &["github.com/containerd/containerd"],
    ),
    row("cri-dockerd", "Mirantis", Runtime::Wrapper, &["cri-dockerd"], &["github.com/Mirantis/cri-dockerd"]),
    row(
        "CRI-O",
        "Cloud Native Computing Foundation",
        Runtime::High,
        &["cri-o", "cri-o1.*", "cri-o-*"],
        &["github.com/cri-o/cri-o"],
    ),
    Row {
        binaries: &[("crun", &["crun"])],
        ..row("crun", "Containers organisation", Runtime::Low, &["crun", "crun-wasm"], &[])
    },
    row(
        "Docker Engine",
        "Docker, Inc.",
        Runtime::High,
        &["docker-ce", "docker.io", "docker-engine", "moby-engine", "docker"],
        &["github.com/docker/docker", "github.com/moby/moby"],
    ),
    Row {
        crates: &["firecracker", "jailer"],
        binaries: &[("firecracker", &["firecracker", "jailer"])],
        ..row("Firecracker", "Amazon Web Services", Runtime::Hypervisor, &["firecracker"], &[])
    },
    row("gVisor", "Google", Runtime::Low, &["runsc", "gvisor"], &["gvisor.dev/gvisor"]),
    row("Incus", "Linux Containers", Runtime::High, &["incus", "incus-base"], &["github.com/lxc/incus"]),
    row("k0s", "Mirantis", Runtime::Wrapper, &["k0s"], &["github.com/k0sproject/k0s"]),
    row(
        "k3s",
        "Cloud Native Computing Foundation",
        Runtime::Wrapper,
        &["k3s"],
        &["github.com/k3s-io/k3s", "github.com/rancher/k3s"],
    ),
    Row {
        crates: &["kata-agent", "kata-runtime", "runtime-rs", "containerd-shim-runtime-rs"],
        ..row(
            "Kata Containers",
            "OpenInfra Foundation",
            Runtime::Low,
            &["kata-containers", "kata-runtime", "kata-containers-*"],
            &["github.com/kata-containers/kata-containers"],
        )
    },
    row(
        "KubeVirt",
        "Cloud Native Computing Foundation",
        Runtime::Wrapper,
        &["kubevirt-*"],
        &["kubevirt.io/kubevirt"],
    ),
    row(
        "libvirt",
        "libvirt project",
        Runtime::Hypervisor,
        &["libvirt-daemon", "libvirt-daemon-driver-*", "libvirt-daemon-system"],
        &[],
    ),
    row("LXC", "Linux Containers", Runtime::Low, &["lxc", "lxc-libs"], &[]),
    row("LXD", "Canonical", Runtime::High, &["lxd"], &["github.com/canonical/lxd", "github.com/lxc/lxd"]),
    row(
        "nerdctl",
        "Cloud Native Computing Foundation",
        Runtime::Wrapper,
        &["nerdctl", "nerdctl-full"],
        &["github.com/containerd/nerdctl"],
    ),
    row(
        "NVIDIA Container Toolkit",
        "NVIDIA",
        Runtime::Wrapper,
        &["nvidia-container-toolkit", "nvidia-container-runtime", "nvidia-container-toolkit-base"],
        &["github.com/NVIDIA/nvidia-container-toolkit"],
    ),
    row(
        "Podman",
        "Containers organisation",
        Runtime::High,
        &["podman", "podman-remote"],
        &["github.com/containers/podman", "go.podman.io/podman"],
    ),
    Row {
        binaries: &[("qemu", &["qemu-system-*", "qemu-kvm"])],
        ..row(
            "QEMU",
            "Software Freedom Conservancy",
            Runtime::Hypervisor,
            &["qemu-system-*", "qemu-kvm", "qemu-kvm-core", "qemu-system"],
            &[],
        )
    },
    row(
        "RKE2",
        "SUSE",
        Runtime::Wrapper,
        &["rke2-server", "rke2-agent", "rke2-common"],
        &["github.com/rancher/rke2"],
    ),
    row(
        "runc",
        "Open Container Initiative",
        Runtime::Low,
        &["runc", "runc-app", "runc-stable", "opencontainers-runc"],
        &["github.com/opencontainers/runc"],
    ),
    row(
        "Sysbox",
        "Docker, Inc.",
        Runtime::Low,
        &["sysbox-ce"],
        &["github.com/nestybox/sysbox-runc", "github.com/nestybox/sysbox"],
    ),
    row("systemd-nspawn", "systemd project", Runtime::Low, &["systemd-container"], &[]),
    row("VirtualBox", "Oracle", Runtime::Hypervisor, &["virtualbox", "virtualbox-*", "VirtualBox-*"], &[]),
    row(
        "Xen",
        "Linux Foundation",
        Runtime::Hypervisor,
        &["xen-hypervisor-*", "xen-hypervisor", "xen-system-*", "xen"],
        &[],
    ),
    Row {
        crates: &["youki"],
        binaries: &[("youki", &["youki"])],
        ..row("youki", "youki project", Runtime::Low, &["youki"], &[])
    },
];

/// Packages that bear a product's name and are not the product.
const NOT_THE_PRODUCT: [&str; 5] = [
    "qemu-system-common",
    "qemu-system-data",
    "qemu-system-gui",
    "qemu-system-modules-*",
    "virtualbox-guest-*",
];

/// Returns the products that a component is a candidate for, and how each was recognised.
pub fn runtimes(component: &Component) -> Vec<(Product, Evidence)> {
    let found = ROWS.iter().filter_map(|row| Some((row.product, recognised(row, component)?)));
    found.collect()
}

fn recognised(row: &Row, component: &Component) -> Option<Evidence> {
    let package = &component.package;
    let is_program = component.form == Form::Executable;
    if package.ecosystem.is_of_distribution() {
        let is_named = |patterns: &[&str]| patterns.iter().any(|pattern| is_match(pattern, &package.name));
        return (is_named(row.packages) && !is_named(&NOT_THE_PRODUCT)).then_some(Evidence::Package);
    }
    if !is_program {
        return None;
    }
    if package.ecosystem == Ecosystem::Golang {
        let path = join(&package.namespace, &package.name);
        return row.modules.iter().any(|module| is_module(module, &path)).then_some(Evidence::MainModule);
    }
    if component.cataloguer == "rust" {
        return row.crates.contains(&package.name.as_str()).then_some(Evidence::MainModule);
    }
    let is_file = |files: &[&str]| {
        let names = component.places.iter().map(|place| super::path::split(&place.path).1);
        names.into_iter().any(|name| files.iter().any(|file| is_match(file, name)))
    };
    let is_binary = row.binaries.iter().any(|(name, files)| *name == package.name && is_file(files));
    (package.ecosystem == Ecosystem::Generic && is_binary).then_some(Evidence::Binary)
}

fn join(namespace: &str, name: &str) -> String {
    if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") }
}

fn is_match(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

/// Returns whether a main module is this one, of any major version, or a module inside of its repository.
fn is_module(module: &str, path: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalogue::{FileFacts, Found, LayerFacts, Parsed, merge};

    fn component(ecosystem: Ecosystem, namespace: &str, name: &str, form: Form, path: &str) -> Component {
        let cataloguer = match ecosystem {
            Ecosystem::Cargo => "rust",
            Ecosystem::Golang => "go",
            _ => "known_binary",
        };
        let mut found = Found::new(ecosystem, name, "1");
        (found.namespace, found.form) = (namespace.to_owned(), form);
        let parsed = Parsed { packages: vec![found], ..Parsed::default() };
        let file = FileFacts { size: 1, readings: [(cataloguer.to_owned(), parsed)].into() };
        let layer = LayerFacts { files: [(path.to_owned(), file)].into(), ..LayerFacts::default() };
        merge(&[Arc::new(layer)]).components.remove(0)
    }

    fn names(component: &Component) -> Vec<(&'static str, Evidence)> {
        runtimes(component).into_iter().map(|(product, evidence)| (product.name, evidence)).collect()
    }

    #[test]
    fn products_are_recognised_in_every_way() {
        use Evidence::{Binary, MainModule, Package};
        use Form::{Compiled, Executable, Installed};
        let table = [
            (Ecosystem::Deb, "debian", "containerd", Installed, "", Some(("containerd", Package))),
            (Ecosystem::Deb, "debian", "containerd.io", Installed, "", Some(("containerd", Package))),
            (Ecosystem::Deb, "debian", "docker.io", Installed, "", Some(("Docker Engine", Package))),
            (Ecosystem::Rpm, "fedora", "moby-engine", Installed, "", Some(("Docker Engine", Package))),
            (Ecosystem::Rpm, "fedora", "qemu-system-x86", Installed, "", Some(("QEMU", Package))),
            (
                Ecosystem::Golang,
                "github.com/containerd/containerd",
                "v2",
                Executable,
                "",
                Some(("containerd", MainModule)),
            ),
            (
                Ecosystem::Golang,
                "github.com/opencontainers",
                "runc",
                Executable,
                "",
                Some(("runc", MainModule)),
            ),
            (
                Ecosystem::Golang,
                "github.com/moby/moby",
                "v2",
                Executable,
                "",
                Some(("Docker Engine", MainModule)),
            ),
            (Ecosystem::Cargo, "", "youki", Executable, "", Some(("youki", MainModule))),
            (Ecosystem::Generic, "", "crun", Executable, "usr/bin/crun", Some(("crun", Binary))),
            (
                Ecosystem::Generic,
                "",
                "qemu",
                Executable,
                "usr/bin/qemu-system-x86_64",
                Some(("QEMU", Binary)),
            ),
            // The traps: libraries, tools, and names that only begin alike.
            (Ecosystem::Golang, "github.com/containerd/containerd", "v2", Compiled, "", None),
            (Ecosystem::Golang, "github.com/containerd", "containerd-client", Executable, "", None),
            (Ecosystem::Cargo, "", "youki", Compiled, "", None),
            (Ecosystem::Generic, "", "qemu", Executable, "usr/bin/qemu-img", None),
            (Ecosystem::Deb, "debian", "qemu-utils", Installed, "", None),
            (Ecosystem::Deb, "debian", "qemu-system-common", Installed, "", None),
            (Ecosystem::Deb, "debian", "docker-compose", Installed, "", None),
            (Ecosystem::Deb, "debian", "golang-github-containerd-containerd-dev", Installed, "", None),
            (Ecosystem::Npm, "", "containerd", Installed, "", None),
        ];
        for (ecosystem, namespace, name, form, path, expected) in table {
            let component = component(ecosystem, namespace, name, form, path);
            assert_eq!(names(&component), expected.into_iter().collect::<Vec<_>>(), "{name} {form:?}");
        }
    }

    #[test]
    fn rows_are_sorted_and_say_something() {
        let key = |row: &Row| row.product.name.to_lowercase().replace('-', "");
        assert!(ROWS.windows(2).all(|pair| key(&pair[0]) < key(&pair[1])), "not sorted");
        assert!(ROWS.iter().all(|row| !row.packages.is_empty() && !row.product.publisher.is_empty()));
    }
}
