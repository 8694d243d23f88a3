use super::*;

/// A stream that can be read back, and that can be made to fail.
#[derive(Clone, Default)]
pub(super) struct Shared {
    bytes: Arc<Mutex<Vec<u8>>>,
    fails: Option<io::ErrorKind>,
}

impl Shared {
    fn failing(kind: io::ErrorKind) -> Self {
        Self { fails: Some(kind), ..Self::default() }
    }

    pub(super) fn stream(&self) -> Stream {
        Box::new(self.clone())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.bytes.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.fails {
            Some(kind) => Err(kind.into()),
            None => self.bytes.lock().unwrap().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Says one of each and returns what stdout and stderr got.
fn said(settings: Settings) -> (String, String) {
    let (out, err) = (Shared::default(), Shared::default());
    let ui = Ui::onto(settings, out.stream(), err.stream());
    ui.result("result\u{1b}[1m").unwrap();
    ui.story("story");
    ui.warning("first\nsecond");
    ui.hint("do this");
    ui.error("broken\u{7}\n");
    ui.rendered("\u{1b}[31mexcerpt\u{1b}[0m");
    (out.text(), err.text())
}

#[test]
fn results_and_story_go_to_their_streams() {
    let (out, err) = said(Settings::default());
    assert_eq!(out, "result\\u{1b}[1m\n");
    assert_eq!(err, "story\nwarning: first\nsecond\nhint: do this\nerror: broken\\u{7}\nexcerpt\n");
}

#[test]
fn quiet_keeps_warnings_and_errors() {
    let (out, err) = said(Settings { quiet: true, ..Settings::default() });
    assert_eq!(out, "result\\u{1b}[1m\n");
    assert_eq!(err, "warning: first\nsecond\nerror: broken\\u{7}\nexcerpt\n");
}

#[test]
fn colours_are_ours_and_the_renderers_never_foreign() {
    let (out, err) = said(Settings { color: true, ..Settings::default() });
    assert_eq!(out, "result\\u{1b}[1m\n");
    assert!(err.contains("\u{1b}[1;33mwarning\u{1b}[0m: first"), "{err:?}");
    assert!(err.contains("\u{1b}[31mexcerpt\u{1b}[0m\n"), "{err:?}");
    assert!(err.contains("broken\\u{7}"), "{err:?}");
}

#[test]
fn json_is_written_as_it_is() {
    let out = Shared::default();
    let ui =
        Ui::onto(Settings { json: true, ..Settings::default() }, out.stream(), Shared::default().stream());
    ui.result("{\"name\": \"a\\u001b\t\"}\n").unwrap();
    assert_eq!(out.text(), "{\"name\": \"a\\u001b\t\"}\n");
}

#[test]
fn an_empty_result_writes_nothing() {
    let out = Shared::default();
    Ui::onto(Settings::default(), out.stream(), Shared::default().stream()).result("").unwrap();
    assert_eq!(out.text(), "");
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let gone = Shared::failing(io::ErrorKind::BrokenPipe);
    let ui = Ui::onto(Settings::default(), gone.stream(), Shared::default().stream());
    assert!(!ui.reader_gone());
    ui.result("one").unwrap();
    assert!(ui.reader_gone());
    ui.result("two").unwrap();
}

#[test]
fn a_full_disk_under_stdout_is_a_failure_and_under_stderr_is_not() {
    let full = Shared::failing(io::ErrorKind::StorageFull);
    let ui = Ui::onto(Settings::default(), full.stream(), full.stream());
    ui.story("unseen");
    let error = ui.result("lost").unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(!ui.reader_gone());
}
