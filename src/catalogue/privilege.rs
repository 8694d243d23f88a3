//! Files that give whoever runs them more than they have: setuid, setgid and capabilities.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The most such files that are told of one layer; the rest is counted. Distributions have some twenty.
pub(super) const PRIVILEGED_MAX: usize = 1000;

/// The extended attribute that holds capabilities, as PAX headers name it (`capabilities(7)`, `star(5)`).
pub(super) const ATTRIBUTE: &str = "SCHILY.xattr.security.capability";

/// What a file gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Privilege {
    /// It runs as its owner.
    pub setuid: bool,
    /// It runs as its group.
    pub setgid: bool,
    /// The file's owner, a number.
    pub user: u64,
    /// The file's group, a number.
    pub group: u64,
    /// As `getcap` prints them, `cap_net_raw+ep`; `unreadable` where the attribute is.
    pub capabilities: Option<String>,
}

impl Privilege {
    /// Returns what a mode and an attribute give, or `None` where that is nothing.
    pub(super) fn of(mode: u32, user: u64, group: u64, attribute: Option<&[u8]>) -> Option<Self> {
        let setuid = mode & 0o4000 != 0;
        // Without the group's right to execute, the bit asks for mandatory locks (`inode(7)`).
        let setgid = mode & 0o2010 == 0o2010;
        let capabilities =
            attribute.map(|bytes| capabilities(bytes).unwrap_or_else(|| "unreadable".to_owned()));
        let gives = setuid || setgid || capabilities.as_ref().is_some_and(|text| !text.is_empty());
        gives.then_some(Self { setuid, setgid, user, group, capabilities })
    }
}

/// Names by bit (`linux/capability.h`, Linux 6).
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// Reads `struct vfs_cap_data` of any revision. Empty where it gives nothing.
fn capabilities(bytes: &[u8]) -> Option<String> {
    let word = |index: usize| -> Option<u64> {
        let bytes = bytes.get(index * 4..index * 4 + 4)?.first_chunk()?;
        Some(u64::from(u32::from_le_bytes(*bytes)))
    };
    let magic = word(0)?;
    let (length, is_wide) = match magic >> 24 {
        1 => (12, false),
        2 => (20, true),
        3 => (24, true),
        _ => return None,
    };
    if bytes.len() != length {
        return None;
    }
    let (upper_permitted, upper_inheritable) = if is_wide { (word(3)?, word(4)?) } else { (0, 0) };
    let permitted = word(1)? | upper_permitted << 32;
    let inheritable = word(2)? | upper_inheritable << 32;
    Some(text(permitted, inheritable, magic & 1 != 0))
}

fn text(permitted: u64, inheritable: u64, is_effective: bool) -> String {
    let mut by_flags: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for bit in 0..64_usize {
        let has = |set: u64| set >> bit & 1 == 1;
        if !has(permitted | inheritable) {
            continue;
        }
        let flags = [(is_effective, 'e'), (has(inheritable), 'i'), (has(permitted), 'p')];
        let flags = flags.iter().filter(|(is_set, _)| *is_set).map(|(_, letter)| letter).collect();
        let name = NAMES.get(bit).map_or_else(|| bit.to_string(), |name| format!("cap_{name}"));
        by_flags.entry(flags).or_default().push(name);
    }
    let groups = by_flags.into_iter().map(|(flags, names)| format!("{}+{flags}", names.join(",")));
    groups.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// Values as `setcap` of libcap writes them and `getcap` shows them.
    #[test]
    fn capabilities_are_named_as_getcap_does() {
        for (words, expected) in [
            (&[0x0200_0001, 0x2000, 0, 0, 0][..], Some("cap_net_raw+ep")),
            (&[0x0200_0001, 0x2400, 0, 0, 0], Some("cap_net_bind_service,cap_net_raw+ep")),
            (&[0x0200_0000, 0x400, 0, 0, 0], Some("cap_net_bind_service+p")),
            (&[0x0200_0001, 0x400, 0x2400, 0, 0], Some("cap_net_raw+ei cap_net_bind_service+eip")),
            (&[0x0300_0001, 0, 0, 0x80, 0, 1000], Some("cap_bpf+ep")),
            (&[0x0100_0001, 0x20_0000, 0], Some("cap_sys_admin+ep")),
            (&[0x0200_0001, 0, 0, 0x8000_0000, 0], Some("63+ep")),
            (&[0x0200_0000, 0, 0, 0, 0], Some("")),
            (&[0x0200_0001, 0x2000, 0], None),
            (&[0x0900_0001, 0x2000, 0, 0, 0], None),
            (&[], None),
        ] {
            assert_eq!(capabilities(&data(words)).as_deref(), expected, "{words:?}");
        }
    }

    #[test]
    fn bits_of_the_mode_count_where_they_give_something() {
        for (mode, expected) in [
            (0o4755, Some((true, false))),
            (0o2755, Some((false, true))),
            (0o6755, Some((true, true))),
            (0o4644, Some((true, false))),
            (0o2644, None),
            (0o1755, None),
            (0o755, None),
        ] {
            let found = Privilege::of(mode, 0, 42, None);
            assert_eq!(found.map(|one| (one.setuid, one.setgid)), expected, "{mode:o}");
        }
        let odd = Privilege::of(0o755, 0, 0, Some(b"odd")).unwrap();
        assert_eq!(odd.capabilities.as_deref(), Some("unreadable"));
        assert_eq!(Privilege::of(0o755, 0, 0, Some(&data(&[0x0200_0000, 0, 0, 0, 0]))), None);
    }
}
