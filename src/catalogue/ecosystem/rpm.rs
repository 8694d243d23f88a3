//! RPM databases: recognised, not read in this version, so that an image of that family is never called empty.

use super::{Cataloguer, Wants};
use crate::catalogue::found::Parsed;

pub(super) const CATALOGUER: Cataloguer = Cataloguer {
    name: "rpm",
    wants: &[Wants::Places(&[
        "usr/lib/sysimage/rpm/Packages",
        "usr/lib/sysimage/rpm/Packages.db",
        "usr/lib/sysimage/rpm/rpmdb.sqlite",
        "usr/share/rpm/Packages",
        "usr/share/rpm/Packages.db",
        "usr/share/rpm/rpmdb.sqlite",
        "var/lib/rpm/Packages",
        "var/lib/rpm/Packages.db",
        "var/lib/rpm/rpmdb.sqlite",
        "var/lib/rpmmanifest/container-manifest-2",
    ])],
    parse: |_| Parsed::gap("databases of this kind are not read in this version"),
};
