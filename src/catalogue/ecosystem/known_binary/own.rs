//! Programs whose version no literal text stands beside.

use memchr::{memchr_iter, memmem};

use super::mark::{Mark, after, is_of_version};
use crate::catalogue::found::Window;

/// The longest version that is accepted.
const VERSION_BYTES_MAX: usize = 64;

/// Characters of a container's name, in which Redis is built, and of a revision of Git.
const CONTAINER_CHARACTERS: usize = 12;
const REVISION_CHARACTERS: usize = 40;

/// Three numbers and a stage.
const SEMANTIC: Mark = after(b"").parts(3, 3).stage();

fn whole(bytes: &[u8]) -> Option<String> {
    let is_version = SEMANTIC.matches(bytes);
    is_version.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// Returns where the first version begins and ends that stands by itself between other bytes and so many zeros; `prefix`
/// stands before it.
fn standing_alone(window: &Window<'_>, prefix: &str, zeros: usize) -> Option<(usize, usize)> {
    let bytes = window.bytes;
    let ends = memchr_iter(0, bytes).filter(|at| *at > 0 && bytes[at - 1].is_ascii_alphanumeric());
    ends.filter(|at| window.owns(*at)).find_map(|end| {
        let before = &bytes[end.saturating_sub(VERSION_BYTES_MAX)..end];
        let length = before.iter().rev().take_while(|b| is_of_version(**b)).count();
        let word = &before[before.len() - length..];
        // Bytes of a number in front of the text may look like a letter.
        let version = &word
            [if prefix.is_empty() { 0 } else { memmem::rfind(word, prefix.as_bytes())? + prefix.len() }..];
        let is_ended = bytes.get(end..end + zeros)?.iter().all(|b| *b == 0);
        (is_ended && SEMANTIC.matches(version)).then_some((end - version.len(), end))
    })
}

fn alone(window: &Window<'_>, prefix: &str, zeros: usize) -> Option<String> {
    let (start, end) = standing_alone(window, prefix, zeros)?;
    Some(String::from_utf8_lossy(&window.bytes[start..end]).into_owned())
}

/// Istio's own version stands behind that of its mesh.
pub(super) fn istio(window: &Window<'_>) -> Option<String> {
    let (start, end) = standing_alone(window, "", 1)?;
    let next = after(b"\0").padded().parts(3, 3).stage().next(&[b"\0"]);
    let behind = Window { path: "", offset: 0, piece: (0, 1), bytes: &window.bytes[end..] };
    next.find(&behind).or_else(|| whole(&window.bytes[start..end]))
}

pub(super) fn traefik(window: &Window<'_>) -> Option<String> {
    alone(window, "v", 1).or_else(|| alone(window, "", 1))
}

/// The version of Kubernetes that Helm speaks to by default stands alone, too, but closer to the next text.
pub(super) fn helm(window: &Window<'_>) -> Option<String> {
    alone(window, "v", 2).or_else(|| alone(window, "v", 1))
}

pub(super) fn ingress_nginx(window: &Window<'_>) -> Option<String> {
    alone(window, "v", 1).or_else(|| alone(window, "", 1))
}

/// `7.2.3` or, between releases, `12.2.0-258092`.
pub(super) fn grafana(window: &Window<'_>) -> Option<String> {
    alone(window, "", 1).or_else(|| after(b"\0").parts(3, 3).number().next(&[b"\0"]).find(window))
}

/// The version, the container's name and the time of the build in nanoseconds stand in one run:
/// `4.0.11841ce7054bd9-1542359302000000000`.
pub(super) fn redis(window: &Window<'_>) -> Option<String> {
    let bytes = window.bytes;
    memmem::find_iter(bytes, b"000000000\0").filter(|at| window.owns(*at)).find_map(|at| {
        let digits = bytes[..at].iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let name = bytes[..at - digits].strip_suffix(b"-")?;
        let version = &name[..name.len().checked_sub(CONTAINER_CHARACTERS)?];
        let length = version
            .iter()
            .rev()
            .take(VERSION_BYTES_MAX)
            .take_while(|b| b.is_ascii_digit() || **b == b'.')
            .count();
        whole(&version[version.len() - length..])
    })
}

/// The first release of a portable OpenSSH: `9.2p1`, beside versions of others that it knows.
pub(super) fn openssh(window: &Window<'_>) -> Option<String> {
    let bytes = window.bytes;
    memmem::find_iter(bytes, b"OpenSSH_").filter(|at| window.owns(*at)).find_map(|at| {
        let text = &bytes[at + 8..];
        let length = text.iter().take(VERSION_BYTES_MAX).take_while(|b| is_of_version(**b)).count();
        let version = std::str::from_utf8(&text[..length]).ok()?;
        let (numbers, portable) = version.split_once('p')?;
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let fits = numbers.split('.').all(is_number) && numbers.contains('.') && is_number(portable);
        fits.then(|| version.to_owned())
    })
}

/// `17.0.3+7-jvmci-22.1-b06`, in one word.
pub(super) fn graalvm(window: &Window<'_>) -> Option<String> {
    let bytes = window.bytes;
    memmem::find_iter(bytes, b"-jvmci-").filter(|at| window.owns(*at)).find_map(|at| {
        let of = |bytes: &mut dyn Iterator<Item = &u8>| {
            bytes.take(VERSION_BYTES_MAX).take_while(|b| is_of_version(**b)).count()
        };
        let (start, end) = (at - of(&mut bytes[..at].iter().rev()), at + of(&mut bytes[at..].iter()));
        let version = std::str::from_utf8(&bytes[start..end]).ok()?;
        version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
    })
}

/// An OpenJDK in a directory of Azul's.
pub(super) fn zulu(window: &Window<'_>) -> Option<String> {
    let is_zulu = window.path.contains("zulu");
    if is_zulu { super::java::OPENJDK.iter().find_map(|mark| mark.find(window)) } else { None }
}

/// Before 1.41 the version stands beside the revision in one run.
pub(super) fn deno(window: &Window<'_>) -> Option<String> {
    let bytes = window.bytes;
    let behind = memmem::find_iter(bytes, b"deno-").filter(|at| window.owns(*at)).find_map(|at| {
        let text = &bytes[at + 5..];
        let text = text.strip_prefix(b"canary/").unwrap_or(text);
        let (revision, text) = text.split_at_checked(REVISION_CHARACTERS)?;
        let text = text.strip_prefix(b"release/v").unwrap_or(text);
        let end =
            text.iter().take(VERSION_BYTES_MAX).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        if revision.iter().all(u8::is_ascii_hexdigit) { whole(&text[..end]) } else { None }
    });
    behind.or_else(|| {
        let at = memmem::find(bytes, b"DENO_UNSTABLE").filter(|at| window.owns(*at))?;
        let version = &bytes[..at.checked_sub(REVISION_CHARACTERS)?];
        let length = version
            .iter()
            .rev()
            .take(VERSION_BYTES_MAX)
            .take_while(|b| b.is_ascii_digit() || **b == b'.')
            .count();
        whole(&version[version.len() - length..])
    })
}

/// The toolchain names itself where every Go program names the toolchain that built it, and in its `VERSION`.
pub(super) fn go(window: &Window<'_>) -> Option<String> {
    const VERSION: Mark = after(b"go").parts(2, 3).stage();
    let bytes = window.bytes;
    if window.name().starts_with("VERSION") {
        // `go1.21.3` and, of a checkout, `devel go1.25-d524e1e`.
        let head = &bytes[..bytes.len().min(VERSION_BYTES_MAX)];
        return VERSION.word().find(&Window {
            path: "",
            bytes: head,
            offset: 0,
            piece: (0, "devel go".len()),
        });
    }
    let record = memmem::find_iter(bytes, b"\xff Go buildinf:").filter(|at| window.owns(*at));
    let named = record.into_iter().find_map(|at| {
        let text = bytes.get(at + 33..)?;
        let text = &text[..text.len().min(VERSION_BYTES_MAX)];
        VERSION.find(&Window { path: "", bytes: text, offset: 0, piece: (0, 1) })
    });
    named.or_else(|| VERSION.next(&[b"\0"]).find(window))
}

/// The name of the file tells the series, `python3.11` or `libpython3.8m.so.1.0`; the version stands between zeros.
pub(super) fn python(window: &Window<'_>) -> Option<String> {
    let name = window.name();
    let series = &name[name.find("python")? + 6..];
    let end = series.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(series.len());
    let series = series[..end].trim_end_matches('.');
    let literal = format!("\0{series}.");
    memmem::find_iter(window.bytes, literal.as_bytes()).filter(|at| window.owns(*at)).find_map(|at| {
        let text = &window.bytes[at + 1..];
        let length = text.iter().take(VERSION_BYTES_MAX).take_while(|b| is_of_version(**b)).count();
        let is_word =
            text.get(length) == Some(&0) && text.get(literal.len() - 1).is_some_and(u8::is_ascii_digit);
        is_word.then(|| String::from_utf8_lossy(&text[..length]).into_owned())
    })
}

/// The name is told before the version.
pub(super) fn firefox(window: &Window<'_>) -> Option<String> {
    memmem::find(window.bytes, b"\nName=Firefox")?;
    after(b"\nVersion=").parts(2, 4).word().find(window)
}
